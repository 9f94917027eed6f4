"""Objects of S3: their bytes are streamed to and from files here, while moto keeps the records.

`front` stands before moto: it takes a body off the socket (`body`, `chunked`, `checksums`) into a `content`, compares
it with what the client declared, checks conditions, and lets one request at a time touch the `records`. `moto_objects`
is what moto then does with a content in place of bytes.
"""
