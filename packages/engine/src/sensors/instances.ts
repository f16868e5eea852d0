import { digestOf, type Resources } from "@squall/model";
import { declaredInstances, type DeclaredInstance, ownValues } from "@squall/packs";
import type { SensorInstance } from "@squall/sources";
import type { Shelves } from "../content/shelves.ts";

const FILE = "file://";
/** The instance of this name is the sensor itself, with its ref and its keys. */
const PLAIN = "default";

/**
 * The processes that a pack's sensors should have: one each, or one for each instance that the pack's configuration
 * declares.
 */
export function instancesOf(shelves: Shelves, project: string, pack: string): SensorInstance[] {
  const owner = shelves.get(project, "pack", pack)?.body;
  if (!owner) return [];
  return shelves
    .list(project, "sensor_type")
    .filter((sensor) => sensor.pack === pack)
    .flatMap((sensor) => {
      const declared = declaredInstances(configured(shelves, project, pack), sensor.name);
      if (declared === undefined || declared.size === 0) return [instanceOf(shelves, project, owner, sensor, PLAIN)];
      return [...declared].map(([name, one]) => instanceOf(shelves, project, owner, sensor, name, one));
    });
}

/** What an instance's configuration has in place of the pack's. */
export function overridesOf(shelves: Shelves, instance: SensorInstance): SensorConfig {
  const values = configured(shelves, instance.project, instance.pack);
  return declaredInstances(values, instance.className)?.get(instance.name ?? PLAIN)?.config ?? {};
}

type SensorConfig = DeclaredInstance["config"];

function configured(shelves: Shelves, project: string, pack: string): SensorConfig {
  return shelves.get(project, "config", pack)?.body.values ?? {};
}

function instanceOf(
  shelves: Shelves,
  project: string,
  pack: Resources["pack"],
  sensor: Resources["sensor_type"],
  name: string,
  declared?: DeclaredInstance,
): SensorInstance {
  const isPlain = name === PLAIN;
  const pollInterval = declared?.poll_interval ?? sensor.poll_interval;
  const uri = sensor.artifact_uri;
  const file = uri.startsWith(FILE) ? uri.slice(FILE.length) : uri;
  return {
    project,
    id: isPlain ? sensor.ref : `${sensor.ref}@${name}`,
    ref: sensor.ref,
    ...(!isPlain && { name }),
    pack: sensor.pack,
    className: sensor.name,
    packPath: pack.path,
    file,
    triggerTypes: sensor.trigger_types,
    ...(pollInterval !== undefined && { pollInterval }),
    enabled: sensor.enabled && declared?.enabled !== false,
    version: digestOf([
      file,
      pack.path,
      // Any file of the pack may be code of the sensor.
      pack.digest ?? "",
      pack.archive ?? "",
      sensor.trigger_types,
      pollInterval ?? null,
      ownValues(configured(shelves, project, sensor.pack)),
      shelves.get(project, "config_schema", sensor.pack)?.body.attributes ?? {},
      declared?.config ?? {},
    ]),
  };
}
