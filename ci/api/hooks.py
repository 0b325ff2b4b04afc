"""What no schema can say of a body: that it is a frame, and that its hash is in a header or in the address.

Every second valid question that sends a file gets one that can be taken, so that the answers to those are looked at too.
"""

import base64
import hashlib
import itertools
import os
import pathlib

import schemathesis

FRAMES = sorted(pathlib.Path(os.environ["CROWDSKY_FRAMES"]).glob("*.fit"))
turns = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        return
    operation = case.operation.definition.raw.get("operationId")
    if operation not in ("put_file", "put_artifact"):
        return
    turn = next(turns)
    if turn % 2:
        return
    frame = FRAMES[turn // 2 % len(FRAMES)]
    case.body = frame.read_bytes()
    sha256 = hashlib.sha256(case.body)
    case.headers = dict(case.headers or {})
    case.headers["Content-Digest"] = f"sha-256=:{base64.b64encode(sha256.digest()).decode()}:"
    if operation == "put_file":
        case.path_parameters["sha256"] = sha256.hexdigest()
        case.query = {**(case.query or {}), "name": frame.name}
