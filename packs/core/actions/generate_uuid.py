import uuid

from st2common.runners.base_action import Action


class GenerateUUID(Action):
    def run(self, uuid_type="uuid4"):
        makers = {"uuid1": uuid.uuid1, "uuid4": uuid.uuid4}
        if uuid_type not in makers:
            raise ValueError(f"uuid_type is '{uuid_type}'; it may be {' or '.join(makers)}")
        return str(makers[uuid_type]())
