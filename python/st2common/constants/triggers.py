"""The built-in trigger types."""

SYSTEM_PACK = "core"
INTERNAL_TRIGGERS_PACK = "core"

WEBHOOK_TRIGGER_TYPE = "core.st2.webhook"
INTERVAL_TIMER_TRIGGER_REF = "core.st2.IntervalTimer"
DATE_TIMER_TRIGGER_REF = "core.st2.DateTimer"
CRON_TIMER_TRIGGER_REF = "core.st2.CronTimer"

TRIGGER_INSTANCE_PENDING = "pending"
TRIGGER_INSTANCE_PROCESSING = "processing"
TRIGGER_INSTANCE_PROCESSED = "processed"
TRIGGER_INSTANCE_PROCESSING_FAILED = "processing_failed"


def _builtin(name):
    return {"pack": SYSTEM_PACK, "name": name}


ACTION_SENSOR_TRIGGER = _builtin("st2.generic.actiontrigger")
ACTION_FILE_WRITTEN_TRIGGER = _builtin("st2.action.file_written")
NOTIFY_TRIGGER = _builtin("st2.generic.notifytrigger")
INQUIRY_TRIGGER = _builtin("st2.generic.inquiry")
SENSOR_SPAWN_TRIGGER = _builtin("st2.sensor.process_spawn")
SENSOR_EXIT_TRIGGER = _builtin("st2.sensor.process_exit")
KEY_VALUE_PAIR_CREATE_TRIGGER = _builtin("st2.key_value_pair.create")
KEY_VALUE_PAIR_UPDATE_TRIGGER = _builtin("st2.key_value_pair.update")
KEY_VALUE_PAIR_VALUE_CHANGE_TRIGGER = _builtin("st2.key_value_pair.value_change")
KEY_VALUE_PAIR_DELETE_TRIGGER = _builtin("st2.key_value_pair.delete")
WEBHOOK_TRIGGER_TYPES = {WEBHOOK_TRIGGER_TYPE: _builtin("st2.webhook")}
TIMER_TRIGGER_TYPES = {
    INTERVAL_TIMER_TRIGGER_REF: _builtin("st2.IntervalTimer"),
    DATE_TIMER_TRIGGER_REF: _builtin("st2.DateTimer"),
    CRON_TIMER_TRIGGER_REF: _builtin("st2.CronTimer"),
}
