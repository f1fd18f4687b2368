-- Table scrapright_purchases for Amazon Athena. Its types take all lines looked at so far: 1, with those that were read again.
-- A stack that was deployed with Tables: 'on' has a table of this name. Run this in a database of your own beside it, or, to
-- replace it, run DROP TABLE `scrapright_purchases` first: that removes no data, and the next change of the template's table brings its own back.
-- The stack's table has one column, record, with the whole line: queries that use it need that one.
CREATE EXTERNAL TABLE `scrapright_purchases` (
  `id` bigint,
  `ticketnumber` string,
  `businessid` string,
  `lines` array<struct<line:bigint,net:double,price:double>>,
  `seller` string,
  `isvoid` boolean
)
PARTITIONED BY (`account` string, `dt` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES (
  'case.insensitive' = 'false',
  'ignore.malformed.json' = 'false',
  'mapping.id' = 'Id',
  'mapping.ticketnumber' = 'TicketNumber',
  'mapping.businessid' = 'BusinessId',
  'mapping.lines' = 'Lines',
  'mapping.line' = 'Line',
  'mapping.net' = 'Net',
  'mapping.price' = 'Price',
  'mapping.seller' = 'Seller',
  'mapping.isvoid' = 'IsVoid'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
  OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://acme-reporting/yards/scrapright/purchases/'
TBLPROPERTIES (
  'classification' = 'json',
  'projection.enabled' = 'true',
  'projection.account.type' = 'enum',
  'projection.account.values' = 'main,north',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2026-01-01,NOW+1DAYS',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://acme-reporting/yards/scrapright/purchases/account=${account}/dt=${dt}/'
);
