"""A storage on this host that speaks S3 (moto), and looks into it: makes the bucket, counts what lies under a prefix,
spoils one object.

usage: storage.py serve | storage.py ENDPOINT make | count PREFIX | spoil PREFIX
"""
import signal
import sys

BUCKET = "photos"


def serve():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    signal.pause()


def look(endpoint, act, prefix=""):
    import boto3

    who = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    client = boto3.client("s3", endpoint_url=endpoint, region_name="cn-north-1", **who)
    if act == "make":
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
        return
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    if act == "count":
        print(len(keys))
    else:
        client.put_object(Bucket=BUCKET, Key=keys[0], Body=b"another one")


if sys.argv[1] == "serve":
    serve()
else:
    look(*sys.argv[1:])
