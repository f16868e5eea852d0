"""Roles."""

from st2client.models.core import Resource

__all__ = ["Role", "UserRoleAssignment"]


class Role(Resource):
    _alias = "role"
    _display_name = "Role"
    _plural = "Roles"
    _plural_display_name = "Roles"
    _path = "rbac/roles"


class UserRoleAssignment(Resource):
    _alias = "userroleassignment"
    _display_name = "Role Assignment"
    _plural = "UserRoleAssignments"
    _plural_display_name = "Role Assignments"
    _path = "rbac/role_assignments"
