from chatops_api import call
from st2common.runners.base_action import Action

# What of a result people want to see; the rest says the same for programs.
SHOWN = {
    "python-script": ("result", "stdout", "stderr", "exit_code", "error"),
    "local-shell-cmd": ("stdout", "stderr", "return_code", "error"),
    "local-shell-script": ("stdout", "stderr", "return_code", "error"),
}
OF_EACH_HOST = ("stdout", "stderr", "return_code", "error")
REMOTE = ("remote-shell-cmd", "remote-shell-script")


class FormatResultAction(Action):
    def run(self, execution_id):
        # The alias's templates are rendered where all templates are, by the server.
        wish = call("GET", f"/aliasexecution/{execution_id}/result")
        if not wish["enabled"]:
            return {"enabled": False, "message": ""}
        if "message" not in wish:
            wish["message"] = message_of(call("GET", f"/executions/{execution_id}"))
        return wish


def message_of(execution):
    """How an execution ended, for people."""
    lines = [
        f"Action {execution['action']['ref']} completed.",
        f"status : {execution['status']}",
        f"execution: {execution['id']}",
    ]
    if execution.get("web_url"):
        lines.append(f"web_url: {execution['web_url']}")
    result = execution.get("result")
    if result:
        lines += ["", "result :", "--------"]
        runner = (execution.get("runner") or {}).get("name")
        lines += result_lines(runner, result)
    return "\n".join(lines)


def result_lines(runner, result):
    if not isinstance(result, dict):
        return [str(result)]
    if runner in REMOTE:
        hosts = {}
        for host, of_host in result.items():
            hosts[host] = some_of(of_host, OF_EACH_HOST) if isinstance(of_host, dict) else of_host
        return entry_lines(hosts)
    return entry_lines(some_of(result, SHOWN[runner]) if runner in SHOWN else result)


def some_of(result, names):
    return {name: result[name] for name in names if result.get(name) not in (None, "", [], {})}


def entry_lines(entries, prefix=""):
    lines = []
    for name, value in entries.items():
        if isinstance(value, dict):
            lines.append(f"{prefix}{name} :")
            lines += entry_lines(value, prefix + "  ")
            continue
        text = str(value).strip()
        if "\n" in text:
            lines.append(f"{prefix}{name} :")
            lines += [f"{prefix}  {line}" for line in text.split("\n")]
        else:
            lines.append(f"{prefix}{name} : {text}")
    return lines
