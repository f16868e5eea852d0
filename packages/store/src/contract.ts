import { describe } from "node:test";
import { accountsContract } from "./contract/accounts.ts";
import { archivesContract } from "./contract/archives.ts";
import { claimContract } from "./contract/claim.ts";
import { queuesContract } from "./contract/queues.ts";
import { commitContract } from "./contract/commit.ts";
import { contentChangesContract } from "./contract/content-changes.ts";
import { eventsContract } from "./contract/events.ts";
import { executionsContract } from "./contract/executions.ts";
import { forgetContract } from "./contract/forget.ts";
import { historyContract } from "./contract/history.ts";
import { isolationContract } from "./contract/isolation.ts";
import { keysContract } from "./contract/keys.ts";
import { listsContract } from "./contract/lists.ts";
import { type OpenStore, useStore } from "./contract/opened.ts";
import { membersContract } from "./contract/members.ts";
import { resourcesContract } from "./contract/resources.ts";
import { toldContract } from "./contract/told.ts";
import { workflowsContract } from "./contract/workflows.ts";

export type { OpenStore } from "./contract/opened.ts";

/**
 * What every store must do (S1 to S5 of port.ts and every method), as tests. Each test gets an empty store, and so does each of the
 * `histories` that are made up.
 */
export function storeContract(name: string, open: OpenStore, histories: number): void {
  describe(`${name} store`, () => {
    const use = useStore(open);
    commitContract(use);
    resourcesContract(use);
    contentChangesContract(use);
    executionsContract(use);
    listsContract(use);
    claimContract(use);
    queuesContract(use);
    membersContract(use);
    workflowsContract(use);
    toldContract(use);
    eventsContract(use);
    keysContract(use);
    accountsContract(use);
    forgetContract(use);
    archivesContract(use);
    isolationContract(use);
    historyContract(open, histories);
  });
}
