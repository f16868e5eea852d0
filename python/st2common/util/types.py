"""Collections."""

import collections.abc

__all__ = ["OrderedSet"]


class OrderedSet(collections.abc.MutableSet):
    """A set that keeps the order in which things came."""

    def __init__(self, iterable=None):
        self._items = dict.fromkeys(iterable or ())

    def __contains__(self, value):
        return value in self._items

    def __iter__(self):
        return iter(self._items)

    def __reversed__(self):
        return reversed(list(self._items))

    def __len__(self):
        return len(self._items)

    def __eq__(self, other):
        if isinstance(other, OrderedSet):
            return list(self) == list(other)
        return set(self) == set(other)

    def __repr__(self):
        return "OrderedSet(%r)" % (list(self),)

    def add(self, value):
        self._items[value] = None

    def discard(self, value):
        self._items.pop(value, None)

    def pop(self, last=True):
        if not self._items:
            raise KeyError("set is empty")
        value = list(self._items)[-1 if last else 0]
        del self._items[value]
        return value
