"""A worker of the original, made from its HTTP contract alone: one job, then the end.

usage: worker.py SERVER TOKEN WEBDAV       exit status 0: a job was found; 1: there was none
"""

import io
import json
import struct
import sys
import urllib.error
import urllib.parse
import urllib.request
import zlib

import numpy as np
from astropy.io import fits

server, token, webdav = (text.rstrip("/") for text in sys.argv[1:4])


def ask(method, url, body=None, headers=None, timeout=30):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.status, answer.read()


def call(name, query=None, told=None, timeout=30):
    url = f"{server}/api/{name}.php" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    headers = {"Authorization": f"Bearer {token}"}
    if told is None:
        return ask("GET", url, None, headers, timeout)
    headers["Content-Type"] = "application/json"
    return ask("POST", url, json.dumps(told).encode(), headers, timeout)


def put(path, body):
    """Stores bytes at a path below the WebDAV address, and makes the folders above it."""
    parts = [urllib.parse.quote(part) for part in path.split("/")]
    for depth in range(1, len(parts)):
        try:
            ask("MKCOL", f"{webdav}/{'/'.join(parts[:depth])}/")
        except urllib.error.HTTPError as error:
            if error.code != 405:  # It is there.
                raise
    ask("PUT", f"{webdav}/{'/'.join(parts)}", body, {"Content-Length": str(len(body))}, 300)


def png(picture):
    """Eight bits of grey, 512 pixels on the longer side, stretched from the 1st to the 99.5th percentile."""
    step = -(-max(picture.shape) // 512)
    picture = picture[::step, ::step]
    low, high = np.percentile(picture, [1, 99.5])
    grey = (np.clip((picture - low) / max(high - low, 1e-9), 0, 1) * 255).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    height, width = grey.shape
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    whole = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(whole)


def stack(job):
    """Mean of the frames as they lie. What `complete_job` is told."""
    files = json.loads(call("job_files", {"job_id": job["job_id"]})[1])["files"]
    frames, exposures, last = [], [], None
    for file in files:
        _, raw = call("download_raw", {"file_id": file["id"]}, timeout=300)
        assert len(raw) == file["file_size_bytes"], f"{file['filename']}: {len(raw)} bytes"
        with fits.open(io.BytesIO(raw)) as hdus:
            frames.append(hdus[0].data.astype(np.float32))
            exposures.append(float(hdus[0].header.get("EXPTIME", 0)))
            last = hdus[0].header["DATE-OBS"]
    mean = np.mean(frames, axis=0, dtype=np.float32)
    out = io.BytesIO()
    header = fits.Header({"OBJECT": job["object_name"] or "unknown", "NIMAGES": len(frames), "EXPTIME": sum(exposures)})
    fits.PrimaryHDU(mean, header).writeto(out)
    name = (job["object_name"] or "unknown").replace("/", "_").replace(" ", "_")
    path = f"stacks/user_{job['user_id']}/{name}/stack_{job['chunk_key']}_{job['job_id']}"
    put(f"{path}.fits", out.getvalue())
    put(f"{path}_thumb.png", png(mean))
    return {"job_id": job["job_id"], "ucloud_path": f"{path}.fits", "thumbnail_path": f"{path}_thumb.png",
            "n_frames_input": len(files), "n_frames_aligned": len(frames), "total_exptime": sum(exposures),
            "date_obs_start": files[0]["fits_date_obs"], "date_obs_end": last, "ra_deg": files[0]["fits_ra"],
            "dec_deg": files[0]["fits_dec"], "file_size_bytes": len(out.getvalue()), "n_stars_detected": None}


status, body = call("next_job", {"worker_id": "worker-01"})
if status == 204:
    sys.exit(1)
job = json.loads(body)
try:
    call("complete_job", told=stack(job))
except Exception as error:  # Whatever it is, the server hears of it.
    call("fail_job", told={"job_id": job["job_id"], "error_message": f"{type(error).__name__}: {error}"[:500]})
