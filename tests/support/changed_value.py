"""A structure like another, but for the value at one place in it."""

import copy


def with_value_at(structure, path, value):
    changed = copy.deepcopy(structure)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed
