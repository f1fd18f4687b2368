-- Table scrunch_brand_daily for Amazon Athena. Its types take all lines looked at so far: 1, with those that were read again.
-- A stack that was deployed with Tables: 'on' has a table of this name. Run this in a database of your own beside it, or, to
-- replace it, run DROP TABLE `scrunch_brand_daily` first: that removes no data, and the next change of the template's table brings its own back.
CREATE EXTERNAL TABLE `scrunch_brand_daily` (
  `brand_id` bigint,
  `brand_name` string,
  `date` string,
  `responses` double,
  `brand_presence_percentage` double,
  `brand_position_score` double,
  `brand_sentiment_score` double,
  `brand_citation_rate` double,
  `brand_citation_share_of_voice` double,
  `citation_count` bigint,
  `citation_unique_responses` bigint,
  `citation_unique_domains` bigint
)
PARTITIONED BY (`account` string, `dt` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES (
  'case.insensitive' = 'false',
  'ignore.malformed.json' = 'false'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
  OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://acme-reporting/yards/scrunch/brand_daily/'
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
  'storage.location.template' = 's3://acme-reporting/yards/scrunch/brand_daily/account=${account}/dt=${dt}/'
);
