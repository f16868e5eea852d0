"""A runner that gives what it is told."""

__all__ = ["MockActionRunner"]


class MockActionRunner(object):
    """`run` answers with `mock_status`, `mock_result` and `mock_context`."""

    def __init__(self, mock_status="succeeded", mock_result=None, mock_context=None):
        self.mock_status = mock_status
        self.mock_result = {} if mock_result is None else mock_result
        self.mock_context = {} if mock_context is None else mock_context
        self.runner_id = "mock"

    def pre_run(self):
        pass

    def run(self, action_parameters):
        return self.mock_status, self.mock_result, self.mock_context

    def post_run(self, status, result):
        pass
