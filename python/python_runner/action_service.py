"""What a running action may ask of Squall."""

from st2common.services.datastore import DatastoreService

__all__ = ["ActionService"]


class ActionService(object):
    """The datastore methods and the user of the running action; see `DatastoreService` for what they do."""

    def __init__(self, logger, pack_name, class_name):
        self.logger = logger
        self._datastore_service = DatastoreService(logger, pack_name, class_name)

    @property
    def datastore_service(self):
        return self._datastore_service

    def get_user_info(self):
        return self._datastore_service.get_user_info()

    def list_values(self, local=True, prefix=None, limit=None, offset=None):
        return self._datastore_service.list_values(local=local, prefix=prefix, limit=limit, offset=offset)

    def get_value(self, name, local=True, scope="system", decrypt=False):
        return self._datastore_service.get_value(name, local=local, scope=scope, decrypt=decrypt)

    def set_value(self, name, value, ttl=None, local=True, scope="system", encrypt=False):
        return self._datastore_service.set_value(name, value, ttl=ttl, local=local, scope=scope, encrypt=encrypt)

    def delete_value(self, name, local=True, scope="system"):
        return self._datastore_service.delete_value(name, local=local, scope=scope)
