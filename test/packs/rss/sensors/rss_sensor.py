import hashlib
import json
import time

import feedparser
import six

from st2reactor.sensor.base import PollingSensor

__all__ = ["RSSSensor"]


class RSSSensor(PollingSensor):
    def __init__(self, sensor_service, config=None, poll_interval=60):
        super(RSSSensor, self).__init__(
            sensor_service=sensor_service, config=config, poll_interval=poll_interval
        )
        self._trigger_ref = "rss.entry"
        self._logger = self._sensor_service.get_logger(name=self.__class__.__name__)

    def setup(self):
        self._feeds = self._config.get("feed_urls", [])
        if not self._feeds:
            raise ValueError("no feed_urls in the configuration")

    def poll(self):
        for url in self._feeds:
            try:
                count = self._look_at(url)
            except Exception:
                self._logger.exception("cannot read %s", url)
                continue
            if count:
                self._logger.info("%d new entries in %s", count, url)

    def _look_at(self, url):
        feed = feedparser.parse(url, agent=self._config.get("user_agent"))
        if feed.get("bozo") and not feed.entries:
            raise feed["bozo_exception"]
        key = "seen.%s" % hashlib.sha1(six.ensure_binary(url)).hexdigest()
        stored = self._sensor_service.get_value(name=key)
        seen = json.loads(stored) if stored else []
        new = [entry for entry in feed.entries if entry.get("id", entry.get("link")) not in seen]
        for entry in reversed(new):
            published = entry.get("published_parsed") or entry.get("updated_parsed")
            self._sensor_service.dispatch(
                trigger=self._trigger_ref,
                payload={
                    "feed": {"title": feed.feed.get("title"), "url": url},
                    "entry": {
                        "id": entry.get("id", entry.get("link")),
                        "title": entry.get("title"),
                        "link": entry.get("link"),
                        "published_at_timestamp": int(time.mktime(published)) if published else None,
                    },
                },
            )
            seen.append(entry.get("id", entry.get("link")))
        if new:
            self._sensor_service.set_value(name=key, value=json.dumps(seen[-500:]))
        return len(new)

    def cleanup(self):
        pass

    def add_trigger(self, trigger):
        pass

    def update_trigger(self, trigger):
        pass

    def remove_trigger(self, trigger):
        pass
