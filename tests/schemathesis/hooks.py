"""What schemathesis must be told beyond docs/openapi.json: the bytes of a piece of an upload are bytes."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
