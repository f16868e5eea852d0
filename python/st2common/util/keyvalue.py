"""Names in the datastore."""

from st2common.constants.keyvalue import (
    ALL_SCOPE,
    ALLOWED_SCOPES,
    DATASTORE_PARENT_SCOPE,
    DATASTORE_SCOPE_SEPARATOR,
    FULL_SYSTEM_SCOPE,
    FULL_USER_SCOPE,
    SYSTEM_SCOPE,
    USER_SCOPE,
    USER_SEPARATOR,
)
from st2common.exceptions.keyvalue import InvalidScopeException

__all__ = ["get_datastore_full_scope", "get_key_reference", "validate_scope"]


def get_datastore_full_scope(scope):
    """`system` as `st2kv.system`; full scopes and `all` as they are."""
    if scope == ALL_SCOPE or scope.startswith(DATASTORE_PARENT_SCOPE):
        return scope
    return DATASTORE_PARENT_SCOPE + DATASTORE_SCOPE_SEPARATOR + scope


def get_key_reference(scope, name, user=None):
    """The name under which a key is stored: `user:name` for the scope `user`."""
    if scope in (SYSTEM_SCOPE, FULL_SYSTEM_SCOPE):
        return name
    if scope in (USER_SCOPE, FULL_USER_SCOPE):
        if not user:
            raise InvalidScopeException("A user must be specified for scope %s." % (scope,))
        return "%s%s%s" % (user, USER_SEPARATOR, name)
    raise InvalidScopeException("Scope '%s' is not valid. Allowed scopes are %s." % (scope, ALLOWED_SCOPES))


def validate_scope(scope):
    if scope not in ALLOWED_SCOPES + [ALL_SCOPE]:
        raise ValueError("Scope %s is not in allowed scopes list: %s." % (scope, ALLOWED_SCOPES))
