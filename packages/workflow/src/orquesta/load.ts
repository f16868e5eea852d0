import { Invalid, isObject, type SourcePosition } from "@squall/model";

/**
 * Refuses what Orquesta's own loader refuses before it looks at the workflow: an empty document, a version other than 1.0.
 * (A parser that tells integers from floats is needed to refuse `version: 1`.) @throws Invalid
 */
export function loadOrquesta(document: {
  readonly value: unknown;
  readonly warnings?: readonly { readonly message: string; readonly at?: SourcePosition }[];
}): unknown {
  const { value } = document;
  if (!isObject(value) || Object.keys(value).length === 0) {
    throw new Invalid("workflow.empty", { message: "Workflow definition is empty." });
  }
  if (value.version === undefined || value.version === null) {
    throw new Invalid("workflow.version", { message: "Version of the workflow definition is not provided." });
  }
  if (value.version !== 1 && value.version !== "1.0") {
    throw new Invalid("workflow.version", {
      message: `the version of a workflow is 1.0, not '${String(value.version)}'; change it to 1.0`,
    });
  }
  const twice = document.warnings?.find((warning) => warning.message.includes("a second time"));
  if (twice !== undefined) {
    throw new Invalid("workflow.duplicate", { message: twice.message, ...(twice.at && { at: twice.at }) });
  }
  return value;
}
