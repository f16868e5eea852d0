import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Address, Cut } from "./network.ts";

/** Passes connections on until it is cut; what a cut held back goes on when it is healed, as with a real network. */
export interface CutProxy extends AsyncDisposable {
  readonly port: number;
  cut(how: Cut): void;
  heal(): void;
}

interface Link {
  readonly near: Socket;
  readonly far: Socket;
}

export async function startCutProxy(target: Address): Promise<CutProxy> {
  const links = new Set<Link>();
  let state: Cut | undefined;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    if (state === "reset") {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: target.host, port: target.port, noDelay: true });
    const link = { near: near.setNoDelay(), far };
    links.add(link);
    const over = () => {
      links.delete(link);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on("error", over).on("close", over);
    near.on("data", (bytes) => pass(bytes, near, far));
    far.on("data", (bytes) => pass(bytes, far, near));
    near.on("end", () => far.end());
    far.on("end", () => near.end());
    // It says nothing of its own, so a connection that is made while the link drops stands still on both sides.
    apply(link);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const pass = (bytes: Buffer, from: Socket, to: Socket) => {
    if (to.write(bytes)) return;
    from.pause();
    to.once("drain", () => {
      if (!isHeld(from, to)) from.resume();
    });
  };
  const isHeld = (from: Socket, to: Socket) => {
    if (state === "drop") return true;
    return state === "oneway" && [...links].some(({ near, far }) => far === from && near === to);
  };
  const apply = ({ near, far }: Link) => {
    if (isHeld(near, far)) near.pause();
    else near.resume();
    if (isHeld(far, near)) far.pause();
    else far.resume();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut(how) {
      state = how;
      for (const link of links) {
        if (how === "reset") {
          link.near.resetAndDestroy();
          link.far.resetAndDestroy();
        } else apply(link);
      }
    },
    heal() {
      state = undefined;
      for (const link of links) apply(link);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const { near, far } of links) {
        near.destroy();
        far.destroy();
      }
      if (server.listening) await once(server, "close");
    },
  };
}
