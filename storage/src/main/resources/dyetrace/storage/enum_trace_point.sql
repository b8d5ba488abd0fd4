Enum8('UNKNOWN' = 0, 'RX' = 1, 'COLOUR' = 2, 'VIP_LOOKUP' = 3, 'DISPATCH' = 4, 'SESSION' = 5, 'BACKEND' = 6, 'NAT' = 7, 'ENCAP' = 8, 'TX' = 9)
