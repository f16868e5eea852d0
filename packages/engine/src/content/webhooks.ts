import type { Trigger } from "@squall/model";
import { normalizeUrl } from "@squall/sources";

/** Webhook triggers by url, since every request asks for them. */
export interface WebhookIndex {
  add(project: string, trigger: Trigger): void;
  remove(project: string, id: string): void;
  at(project: string, url: string): readonly Trigger[];
}

export function createWebhookIndex(): WebhookIndex {
  const byUrl = new Map<string, Trigger[]>();
  const urls = new Map<string, string>();
  return {
    add(project, trigger) {
      if (trigger.type !== "core.st2.webhook" || typeof trigger.parameters.url !== "string") return;
      const key = `${project}\0${normalizeUrl(trigger.parameters.url)}`;
      byUrl.set(key, [...(byUrl.get(key) ?? []), trigger]);
      urls.set(trigger.id, key);
    },
    remove(_project, id) {
      const key = urls.get(id);
      if (key === undefined) return;
      urls.delete(id);
      const left = (byUrl.get(key) ?? []).filter((one) => one.id !== id);
      if (left.length === 0) byUrl.delete(key);
      else byUrl.set(key, left);
    },
    at: (project, url) => byUrl.get(`${project}\0${url}`) ?? [],
  };
}
