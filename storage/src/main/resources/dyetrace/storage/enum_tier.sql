Enum8('UNKNOWN' = 0, 'EIP' = 1, 'CLB' = 2)
