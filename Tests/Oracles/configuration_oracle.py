"""Reads configuration files as the reference implementations do.

    configuration_oracle.py ini|yaml <documents.json

The documents come as a list of texts; for each of them the answer has its keys (lower case, points
between those inside one another) and values, or null where the reference refuses it.
"""

import configparser
import io
import json
import sys

import yaml


def read_ini(text):
    parser = configparser.ConfigParser()
    try:
        # As a file is read: line ends are \n, \r\n or \r.
        parser.read_file(io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
        return dict(parser["DEFAULT"])
    except configparser.Error:
        return None


def flatten(node, prefix=""):
    if node in (None, ""):
        return {}
    values = {}
    for key, value in node.items():
        path = prefix + key.lower()
        if isinstance(value, dict):
            values.update(flatten(value, path + "."))
        elif isinstance(value, str):
            values[path] = value
        else:
            raise TypeError(f"{path} is no text")
    return values


def read_yaml(text):
    try:
        return flatten(yaml.load(text, Loader=yaml.BaseLoader))
    except (yaml.YAMLError, TypeError, AttributeError):
        return None


READERS = {"ini": read_ini, "yaml": read_yaml}
json.dump([READERS[sys.argv[1]](text) for text in json.load(sys.stdin)], sys.stdout)
