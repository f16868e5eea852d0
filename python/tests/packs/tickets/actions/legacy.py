from st2actions.runners.pythonrunner import Action
from st2common import log as logging
from st2common.persistence.rule import Rule

LOG = logging.getLogger(__name__)


class Legacy(Action):
    def run(self, touch_database=False):
        LOG.debug("as in 2015")
        return Rule.get_all() if touch_database else "fine"
