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
        execution = call("GET", f"/executions/{execution_id}")
        alias_id = ((execution.get("context") or {}).get("action_alias_ref") or {}).get("id")
        alias = call("GET", f"/actionalias/{alias_id}") if alias_id else {}
        wish = alias.get("result") or {}
        if not wish.get("enabled", True):
            return {"enabled": False, "message": ""}
        answer = {"enabled": True, "message": message_of(execution)}
        if "format" not in wish and "extra" not in wish:
            return answer
        render = renderer()
        if render is None:
            self.logger.warning(
                "alias %s has a template for its result, which needs the Python package jinja2; "
                "install it for the server's python3",
                alias.get("name"),
            )
            return answer
        context = {"execution": execution, "alias": alias}
        if "format" in wish:
            answer["message"] = render(wish["format"], context)
        if "extra" in wish:
            answer["extra"] = render_all(render, wish["extra"], context)
        return answer


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


def renderer():
    """Renders a template text with a context; None where Jinja2 is not installed."""
    try:
        from jinja2.sandbox import SandboxedEnvironment
    except ImportError:
        return None
    environment = SandboxedEnvironment(autoescape=False)
    return lambda text, context: environment.from_string(text).render(context)


def render_all(render, value, context):
    if isinstance(value, str):
        return render(value, context)
    if isinstance(value, dict):
        return {name: render_all(render, one, context) for name, one in value.items()}
    if isinstance(value, list):
        return [render_all(render, one, context) for one in value]
    return value
