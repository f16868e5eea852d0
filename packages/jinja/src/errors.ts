/** Where in a template something is: both count from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * What every failure of a template has in common. `kind` is the name Python's Jinja2 gives the same failure (`TypeError`,
 * `TemplateSyntaxError`, ...), for callers that must print it; `text` is the message without the position.
 */
export abstract class JinjaError extends Error {
  readonly text: string;
  readonly kind: string;
  line: number | undefined;
  column: number | undefined;

  constructor(text: string, kind: string, position?: Position) {
    super(position === undefined ? text : `${text} (line ${position.line}, column ${position.column})`);
    this.text = text;
    this.kind = kind;
    this.line = position?.line;
    this.column = position?.column;
  }

  /** Tells where the failure happened, unless that is known already. */
  locate(position: Position): void {
    if (this.line !== undefined) return;
    this.line = position.line;
    this.column = position.column;
    this.message = `${this.text} (line ${position.line}, column ${position.column})`;
  }
}

/** The text is not a template: nothing of it has run. */
export class JinjaSyntaxError extends JinjaError {
  override readonly name = "JinjaSyntaxError";
  constructor(text: string, position?: Position, kind = "TemplateSyntaxError") {
    super(text, kind, position);
  }
}

/** A name, attribute or element that does not exist was used. */
export class UndefinedError extends JinjaError {
  override readonly name = "UndefinedError";
  constructor(text: string, position?: Position) {
    super(text, "UndefinedError", position);
  }
}

/** A filter, operator, method or function was given something it cannot work with. */
export class JinjaRuntimeError extends JinjaError {
  override readonly name = "JinjaRuntimeError";
  constructor(text: string, kind = "TemplateRuntimeError", position?: Position) {
    super(text, kind, position);
  }
}

/** The template wanted more output, iterations, nesting or memory than it is allowed. */
export class LimitError extends JinjaError {
  override readonly name = "LimitError";
  constructor(text: string, position?: Position) {
    super(text, "OverflowError", position);
  }
}

export const typeError = (text: string): JinjaRuntimeError => new JinjaRuntimeError(text, "TypeError");
export const valueError = (text: string): JinjaRuntimeError => new JinjaRuntimeError(text, "ValueError");
