Enum8('UNKNOWN' = 0, 'FORWARD' = 1, 'REPLY' = 2)
