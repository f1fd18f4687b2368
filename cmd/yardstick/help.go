package main

const about = `Exports ScrapRight purchases, customers and businesses, and Scrunch brand metrics, as JSON snapshots to S3.

Its Lambda functions do that on schedules; this command does the same from a terminal or a scheduler of your own, tells
what a run would do, checks the set-up, puts new API keys in place, and shows all of it on a simulated yard ("yardstick demo").`

// Help is shown by kong below the description.
func (commandLine) Help() string {
	return `Environment:

    YARDSTICK_CONFIG   the configuration: its text (YAML or JSON), s3://bucket/key, or a file
    AWS_REGION, ...    region, credentials and endpoints, as every AWS tool reads them
    NO_COLOR           set: no colours

Exit codes:

    0  complete          everything that was due is done
    1  failed            something was refused or is wrong; the rest was done
    2  bad usage         or a bad configuration: nothing was done
    3  partial           time ran out or it was stopped; the same command goes on
    4  busy              another run holds the account; nothing was done there

The worst of several sources counts. Progress and log lines go to standard error, results to standard output.

With --local DIR the objects lie as plain files under DIR/s3/BUCKET, the secrets under DIR/secretsmanager, and no AWS
account is needed. One process at a time can work with a folder; a second one is told so and ends with exit code 1.`
}

// Help is shown by kong below the command's line.
func (exportRun) Help() string {
	return `Reads what is due from the vendor and writes it, newest days first, a day at a time, whole or not at all. A day
that was read and has settled is not read again; so the command can be run as often as you like, and goes on where the last run ended.

Ctrl-C ends it gently: what was read whole is still written. A second Ctrl-C ends it at once.

Examples:

    yardstick export
    yardstick export --time-limit 10m --json
    yardstick export --account main --dataset purchases --from 2026-01-01 --to 2026-01-31
    yardstick export --dataset purchases --from 2026-01-05 --to 2026-01-05 --force

With --json it prints one result object a line, one for each source.

Exit codes: 0 complete, 1 failed, 2 bad usage or configuration, 3 partial, 4 busy.`
}

// Help is shown by kong below the command's line.
func (backfill) Help() string {
	return `Runs "export" again and again until every day of the range is done: newest days first, each run within the time
limit, so that it shares the account with the schedule's runs as they share it among each other. It waits while another run
holds the account. Days that were read and have settled are not read again, unless forced. What fails is told at the end, and the rest
is done all the same. It ends by itself where runs bring nothing any more.

Ctrl-C ends it gently: what was read whole is still written, and the command that goes on is printed. A second Ctrl-C ends it at once.

Examples:

    yardstick plan --from 2025-01-01
    yardstick backfill --from 2025-01-01
    yardstick backfill --from 2026-01-01 --to 2026-03-31 --dataset purchases --force

Several sources are done one after the other. With --json it prints one result object a line, one for each run.

Exit codes: 0 complete, 1 failed, 2 bad usage or configuration, 3 partial or stopped.`
}

// Help is shown by kong below the command's line.
func (plan) Help() string {
	return `Tells for each account which days and listings are due, how many requests that takes ("at least", where the
number of pages is not known yet), and how long at the granted pace: 10 requests a minute before any grant. Of Scrunch it asks
the list of brands and nothing else, of ScrapRight nothing; it spends no token and changes nothing.

Examples:

    yardstick plan
    yardstick plan --from 2025-01-01 --to 2025-12-31 --time-limit 15m

Exit codes: 0 planned, 1 failed, 2 bad usage or configuration.`
}

// Help is shown by kong below the command's line.
func (read) Help() string {
	return `Writes what was exported, one record a line exactly as it is stored, by account, day and brand. Without --from it reads
yesterday, where the account is; of a listing (customers, businesses, brands, prompts, competitors, personas) the newest
reading. Today can be asked for too, and holds what the last run found. It asks no vendor and changes nothing.

Days that are not exported are named on standard error, and the exit code is 3; a day without records is exported and is fine.
Each object is held against its count of rows and its SHA-256 before any of it is written; a damaged one is named, and ends the
command with exit code 1.

With --csv it writes rows as RFC 4180 has them, in UTF-8: the account, the day (dt), and a column for each member that any of the
records has, in the order of first appearance; so the objects wait in temporary files until all were read. Numbers are spelt as they
are stored. A list or an object is its JSON text; null and a missing member are nothing; an empty text is "". Texts are not changed,
not even one that a spreadsheet takes for a formula because it begins with = + - or @: --safe puts a ' before these.

Examples:

    yardstick read purchases
    yardstick read purchases --from 2026-11-01 --to 2026-11-30 --csv > november.csv
    yardstick read customers --csv --safe > customers.csv
    yardstick read brand_daily --from 2026-11-01 --brand 101 | jq .responses

Exit codes: 0 complete, 1 failed, 2 bad usage or configuration, 3 days are missing.`
}

// Help is shown by kong below the command's line.
func (check) Help() string {
	return `Looks at the configuration, the bucket, the secrets, the stored session, the granted pace, at what the yard's own
reference (/api/v1/swagger) says of the configured paths and parameters, and at the brands that a Scrunch key may read; where the yard
differs it prints the lines of the configuration to change. It never exchanges or refreshes a token, and says what it could not see without a live one.

With --stack it compares a deployed stack as well: its parameters and the configuration that its functions have, whether its
roles may do what the accounts need (simulated by IAM: policies of the bucket, of keys and of secrets are no part of that), and its tables.
It asks with your own credentials and changes nothing. Where they do not suffice, it says which right is missing.

Examples:

    yardstick check
    yardstick check --config new.yaml --json
    yardstick check --stack yardstick

Exit codes: 0 no fault was found, 1 a fault was found, 2 bad usage or configuration.`
}

// Help is shown by kong below the command's line.
func (status) Help() string {
	return `Tells for each account which days of each dataset are exported, empty, not settled yet, missing or failed, how long ago they
were read, what is due, how the last runs ended, and until when the session can be renewed. It reads ledgers, results and which objects are
there; Scrunch is asked for its list of brands. It spends no token, and works when the vendor does not answer.

A dataset is stale when its newest day, or listing, was not read for 12 hours, or for twice the usual time between runs where
that is longer; a listing has its refresh time in addition.

Examples:

    yardstick status
    yardstick status --open
    yardstick status --publish
    yardstick status --json | jq '.sources[].accounts[] | {account, stale}'
    yardstick status > /dev/null || mail -s "yardstick needs attention" ops@acme.example < /dev/null

With --open it opens the same as a page in the browser. With --json it prints one object.

Runs that change something write the same into the bucket, as far as they saw it; this tells the present. Without --publish it changes
nothing. With it, it writes all of that anew: about/index.html, which is the page, about/status.json, which is what --json prints,
about/coverage/, a table of the days that are exported, by which SQL tells "none" from "not exported", and about/changes/, a table of
those that changed after they were settled.

Exit codes: 0 all is well, 1 something is stale or failed, 2 bad usage or configuration.`
}

// Help is shown by kong below the command's line.
func (secretPut) Help() string {
	return `Reads the key from standard input, or at a prompt that does not show it; never from the command line, which others can see. It asks
the vendor first (ScrapRight: exchanges the key for a session; Scrunch: lists the brands that it may read): if the key is refused, nothing
is changed. Then it stores the key, with nothing else in the secret changed, and the session with it. The next export
goes on from there; nothing has to be deployed or started again.

The role that runs it may read and put values of both secrets, or create them where they are missing.

Examples:

    yardstick secret put yardstick/scrapright/main/api-key
    yardstick secret put yardstick/scrunch/main/api-key < key.txt
    yardstick secret put yardstick/scrapright/main/api-key --no-verify --json < key.txt

Exit codes: 0 the key is in place, 1 failed or refused, 2 bad usage or configuration, or no such secret in it.`
}

// Help is shown by kong below the command's line.
func (demo) Help() string {
	return `Starts a simulated ScrapRight yard, a simulated Scrunch, and an S3 and Secrets Manager of its own on loopback, and exports both
vendors. Nothing outside this machine is called and no configuration is needed. What was written stays in the folder as plain files: run
it again and see what a second run does. The flags --config and --local are for the other commands.

Examples:

    yardstick demo
    yardstick demo --dir /tmp/yard

Exit codes: 0 complete, 1 failed, 2 bad usage, 3 stopped by Ctrl-C.`
}

// Help is shown by kong below the command's line.
func (tables) Help() string {
	return `Reads all lines that were exported, infers from them which columns of which types each table needs so that no value is lost,
and writes what readers need: the DDL for Athena (partitions by projection, typed columns), a view for DuckDB, a program for pandas, and a
QuickSight manifest of each listing's newest copies. A number that neither 64 bits nor a double holds, and a member that is sometimes an
object, is text. Records that a reader cannot take are counted in its first lines, with what it does of them.

Runs keep the same under about/tables/ and about/schema/ in the bucket: they write it anew when a member came, or has another kind of
value. This tells types by what is there now. It asks no vendor, and without --publish it changes nothing in the bucket. With it, it
writes all of that anew.

Examples:

    yardstick tables --dataset purchases --for athena
    yardstick tables --out tables
    yardstick tables --publish
    yardstick tables --from 2026-11-01 --json

With --json it prints one object a line, one for each table. With --local, the snippets for DuckDB and pandas read that folder.

Exit codes: 0 done, 1 failed, 2 bad usage or configuration.`
}
