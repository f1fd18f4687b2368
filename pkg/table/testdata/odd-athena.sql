-- Table scrapright_purchases for Amazon Athena. Its types take all lines looked at so far: 4, with those that were read again.
-- A stack that was deployed with Tables: 'on' has a table of this name. Run this in a database of your own beside it, or, to
-- replace it, run DROP TABLE `scrapright_purchases` first: that removes no data, and the next change of the template's table brings its own back.
-- The stack's table has one column, record, with the whole line: queries that use it need that one.
-- Records with a member twice: 1. Athena may refuse such a record, or take one of the values.
-- Members that differ only in case, each in a column of its own: "Id", "id".
-- Records with a text of half a character (a lone surrogate): 1. It reads as U+FFFD or ?.
-- Records with a text that is no UTF-8: 1. It reads as U+FFFD.
-- Numbers that neither bigint nor double holds are strings here. Where their digits must be those that were sent, take
-- json_extract_scalar(record, '$.Name') from the table of whole lines.
CREATE EXTERNAL TABLE `scrapright_purchases` (
  `bytes` string,
  `id` bigint,
  `text` string,
  `id_2` bigint,
  `twice` bigint,
  `dt_2` string,
  `we_ird____` string,
  `long` string,
  `exact` string,
  `mixed` string,
  `lines` array<struct<exact:double,n:bigint>>
)
PARTITIONED BY (`account` string, `dt` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES (
  'case.insensitive' = 'false',
  'ignore.malformed.json' = 'false',
  'mapping.bytes' = 'Bytes',
  'mapping.id' = 'Id',
  'mapping.text' = 'Text',
  'mapping.id_2' = 'id',
  'mapping.twice' = 'Twice',
  'mapping.dt_2' = 'dt',
  'mapping.we_ird____' = 'we"ird`\n\'$',
  'mapping.long' = 'Long',
  'mapping.exact' = 'Exact',
  'mapping.mixed' = 'Mixed',
  'mapping.lines' = 'Lines',
  'mapping.n' = 'N'
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
