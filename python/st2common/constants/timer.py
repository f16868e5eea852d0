"""Where timers are enabled."""

TIMER_ENABLED_LOG_LINE = "Timer is enabled."
TIMER_DISABLED_LOG_LINE = "Timer is disabled."
