/** The files of a new pack, by path: small enough to read all of it, and all of it works. */
export function packFiles(pack: {
  readonly name: string;
  readonly author: string;
  readonly email: string;
  readonly description: string;
}): Readonly<Record<string, string>> {
  const { name } = pack;
  // JSON texts are YAML texts, whatever characters they hold.
  const quoted = (text: string) => JSON.stringify(text);
  return {
    "pack.yaml": `---
ref: ${name}
name: ${quoted(name)}
description: ${quoted(pack.description)}
keywords: []
version: 0.1.0
python_versions: ["3"]
author: ${quoted(pack.author)}
email: ${quoted(pack.email)}
`,
    "config.schema.yaml": `---
greeting:
  description: What people are greeted with.
  type: string
  default: Hello
`,
    "actions/greet.yaml": `---
name: greet
description: Greets somebody.
runner_type: python-script
enabled: true
entry_point: greet.py
parameters:
  name:
    description: Who is greeted.
    type: string
    required: true
    position: 0
`,
    "actions/greet.py": `from st2common.runners.base_action import Action


class GreetAction(Action):
    def run(self, name):
        # self.config is the pack's configuration; see config.schema.yaml.
        greeting = self.config.get("greeting", "Hello")
        self.logger.info("greeting %s", name)
        return "%s, %s!" % (greeting, name)
`,
    "rules/greet_visitor.yaml": `---
name: greet_visitor
description: Greets whoever is named in a message to the webhook ${name}.
enabled: false
trigger:
  type: core.st2.webhook
  parameters:
    url: ${name}
criteria:
  trigger.body.name:
    type: exists
    pattern: true
action:
  ref: ${name}.greet
  parameters:
    name: "{{ trigger.body.name }}"
`,
    "tests/test_action_greet.py": `from st2tests.base import BaseActionTestCase

from greet import GreetAction


class GreetActionTestCase(BaseActionTestCase):
    action_cls = GreetAction

    def test_it_greets_with_the_configured_words(self):
        action = self.get_action_instance(config={"greeting": "Servus"})
        self.assertEqual(action.run(name="Ada"), "Servus, Ada!")

    def test_it_greets_without_configuration(self):
        action = self.get_action_instance(config={})
        self.assertEqual(action.run(name="Ada"), "Hello, Ada!")
`,
    "README.md": `# ${name}

${pack.description}

| action | |
|---|---|
| \`${name}.greet\` | greets somebody |

The rule \`${name}.greet_visitor\` greets whoever is named in a message to the webhook \`${name}\`. It is off:

    squall rule enable ${name}.greet_visitor
    echo '{"name": "Ada"}' | squall webhook send ${name} -

## Configuration

    squall pack config ${name}
`,
  };
}
