import json

from st2common.runners.base_action import Action


class RecordPushAction(Action):
    """Keeps the last push of each repository and branch in the datastore, under `push:<owner>:<repository>:<branch>`."""

    def run(self, push, delivery=None):
        repository = push["repository"]["full_name"]
        branch = push["ref"].removeprefix("refs/heads/")
        authors = by_author(push.get("commits") or [])
        record = {
            "repository": repository,
            "branch": branch,
            "pushed_by": push["pusher"]["name"],
            "before": push["before"],
            "after": push["after"],
            "forced": push.get("forced", False),
            "authors": authors,
            "url": push.get("compare"),
            "delivery": delivery,
        }
        key = "push:" + f"{repository}:{branch}".replace("/", ":")
        self.action_service.set_value(key, json.dumps(record, sort_keys=True), local=False)
        print(f"{record['pushed_by']} pushed to {repository} {branch}")
        for author, commits in authors.items():
            print(f"  {author}")
            for commit in commits:
                print(f"    {commit['id'][:7]} {commit['title']}")
        return {"key": key, **record}


def by_author(commits):
    authors = {}
    for commit in commits:
        title = commit["message"].splitlines()[0] if commit["message"] else ""
        authors.setdefault(commit["author"]["name"], []).append({"id": commit["id"], "title": title})
    return authors
