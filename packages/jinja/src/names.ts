import { CAPTURED } from "./ast.ts";
import type { Arguments, Body, Expression, Parameters, Statement, Target } from "./ast.ts";

/** Every name a template binds anywhere. */
export function boundNames(body: Body): ReadonlySet<string> {
  const names = new Set<string>(["loop", "varargs", "kwargs", "caller", "self"]);
  const walk = (statements: Body): void => {
    for (const statement of statements) {
      if (statement.kind === "macro") names.add(statement.name);
      if ("parameters" in statement) for (const name of statement.parameters.names) names.add(name);
      if ("target" in statement) for (const name of targetNames(statement.target)) names.add(name);
      if (statement.kind === "with")
        for (const target of statement.targets) for (const name of targetNames(target)) names.add(name);
      if (statement.kind === "load") for (const name of statement.names) names.add(name);
      if (statement.kind === "if") for (const [, branch] of statement.branches) walk(branch);
      if ("body" in statement) walk(statement.body);
      if ("otherwise" in statement) walk(statement.otherwise);
    }
  };
  walk(body);
  return names;
}

function targetNames(target: Target): string[] {
  if (target.kind === "targets") return target.items.flatMap(targetNames);
  return target.kind === "name" ? [target.name] : [];
}

/**
 * The names a template takes from its context: those it reads where nothing of the template itself binds them for certain.
 * Names of global functions are among them; the caller knows which those are.
 */
export function undeclaredNames(body: Body): Set<string> {
  const found = new Set<string>();
  visitBody(body, new Set(), found);
  return found;
}

/** `declared` grows by what the statements bind in this scope. */
function visitBody(body: Body, declared: Set<string>, found: Set<string>): void {
  for (const statement of body) visit(statement, declared, found);
}

function visit(statement: Statement, declared: Set<string>, found: Set<string>): void {
  const read = (expression: Expression | undefined, scope: ReadonlySet<string> = declared): void => {
    if (expression !== undefined) visitExpression(expression, scope, found);
  };
  const inner = (names: Iterable<string>): Set<string> => new Set([...declared, ...names]);
  const bind = (target: Target, scope: Set<string>): void => {
    if (target.kind === "namespace") {
      if (!declared.has(target.name)) found.add(target.name);
    } else if (target.kind === "targets") for (const item of target.items) bind(item, scope);
    else scope.add(target.name);
  };
  const callable = (parameters: Parameters, content: Body): void => {
    const scope = inner([...parameters.names, "varargs", "kwargs", "caller"]);
    for (const value of parameters.defaults) read(value, scope);
    visitBody(content, scope, found);
  };
  switch (statement.kind) {
    case "data":
      return;
    case "print":
      return read(statement.value);
    case "set":
      read(statement.value);
      return bind(statement.target, declared);
    case "capture":
      visitBody(statement.body, inner([]), found);
      read(statement.filter);
      return bind(statement.target, declared);
    case "if": {
      const scopes = statement.branches.map(([test, branch]) => {
        read(test);
        const scope = inner([]);
        visitBody(branch, scope, found);
        return scope;
      });
      const last = inner([]);
      visitBody(statement.otherwise, last, found);
      scopes.push(last);
      for (const name of last) if (scopes.every((scope) => scope.has(name))) declared.add(name);
      return;
    }
    case "for": {
      read(statement.over);
      const scope = inner([]);
      bind(statement.target, scope);
      read(statement.filter, scope);
      scope.add("loop");
      visitBody(statement.body, scope, found);
      return visitBody(statement.otherwise, inner([]), found);
    }
    case "macro":
      callable(statement.parameters, statement.body);
      declared.add(statement.name);
      return;
    case "callblock":
      read(statement.call);
      return callable(statement.parameters, statement.body);
    case "filterblock":
      read(statement.filter);
      return visitBody(statement.body, inner([]), found);
    case "with": {
      for (const value of statement.values) read(value);
      const scope = inner([]);
      for (const target of statement.targets) bind(target, scope);
      return visitBody(statement.body, scope, found);
    }
    case "block":
      return visitBody(statement.body, inner(["self", "super"]), found);
    case "autoescape":
      read(statement.on);
      return visitBody(statement.body, inner([]), found);
    case "load":
      read(statement.template);
      for (const name of statement.names) declared.add(name);
      return;
    default:
      statement satisfies never;
  }
}

function visitExpression(node: Expression, declared: ReadonlySet<string>, found: Set<string>): void {
  const visitAll = (nodes: readonly (Expression | undefined)[]): void => {
    for (const inner of nodes) if (inner !== undefined) visitExpression(inner, declared, found);
  };
  const visitArguments = (args: Arguments): void =>
    visitAll([...args.positional, ...args.keywords.map(([, value]) => value), args.spread, args.spreadKeywords]);
  switch (node.kind) {
    case "const":
      return;
    case "name":
      if (!declared.has(node.name) && node.name !== CAPTURED) found.add(node.name);
      return;
    case "list":
    case "tuple":
      return visitAll(node.items);
    case "dict":
      return visitAll(node.items.flat());
    case "attribute":
      return visitAll([node.of]);
    case "item":
      return visitAll([node.of, node.key]);
    case "slice":
      return visitAll([node.of, ...node.bounds]);
    case "call":
    case "filter":
    case "test":
      visitAll([node.of]);
      return visitArguments(node.args);
    case "unary":
      return visitAll([node.of]);
    case "binary":
    case "and":
    case "or":
      return visitAll([node.left, node.right]);
    case "concat":
      return visitAll(node.parts);
    case "compare":
      return visitAll([node.first, ...node.rest.map((part) => part.with)]);
    case "choose":
      return visitAll([node.test, node.then, node.otherwise]);
    default:
      node satisfies never;
  }
}
