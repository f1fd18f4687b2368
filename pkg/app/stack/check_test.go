package stack_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"yardstick/pkg/app/stack"
)

// The roles are those of template.yaml itself: what a check asks IAM about, the template has to allow.
func TestAStackThatFitsHasNoFault(t *testing.T) {
	inWorld(t, func(w *world) {
		const want = `ok stack: yardstick is UPDATE_COMPLETE, in us-east-1 of account 111122223333
ok parameters: Accounts, Sources, BucketName, Prefix and Webhook fit the configuration
ok configuration: that of all 5 functions is this very one (parameter Config)
ok ScrapRightExportRole: may do all that is needed: IAM allows 68 of 68 simulated requests
ok RotateSessionRole: may do all that is needed: IAM allows 6 of 6 simulated requests
ok ScrunchExportRole: may do all that is needed: IAM allows 134 of 134 simulated requests
ok VerifyKeyRole: may do all that is needed: IAM allows 7 of 7 simulated requests
ok TriggerExportRole: may do all that is needed: IAM allows 6 of 6 simulated requests
ok ScheduleRole: may do all that is needed: IAM allows 2 of 2 simulated requests
ok BackfillRole: may do all that is needed: IAM allows 2 of 2 simulated requests
ok scrapright tables: all 5 of what is exported are there
ok scrunch tables: all 14 of what is exported are there
`
		if diff := gocmp.Diff(want, w.check(whole)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := w.aws.count("ListStackResources"); n < 3 {
			t.Errorf("%d pages of resources were read, expected all", n)
		}
	})
}

func TestAStackWithAKeyAnObjectAndOtherSecretsHasNoFaultEither(t *testing.T) {
	inWorld(t, func(w *world) {
		w.aws.parameters["KmsKey"] = "arn:aws:kms:us-east-1:" + account + ":key/1234"
		w.aws.parameters["Config"], w.aws.parameters["ConfigObject"] = "", "acme-settings/yardstick.yaml"
		w.aws.parameters["NewSecrets"], w.aws.parameters["Accounts"] = "no", "main,north"
		w.aws.grant()
		north := strings.Replace(whole, "scrunch:\n", "  - {account: north, url: https://n.example, api_key_secret: yardstick/scrapright/north/api-key, "+
			"session_secret: yardstick/scrapright/north/session}\nscrunch:\n", 1)
		w.put("acme-settings", "yardstick.yaml", north)
		for name := range w.aws.variables {
			w.aws.variables[name] = "s3://acme-settings/yardstick.yaml"
		}
		got := w.check(north)
		if strings.Contains(got, "fault") || strings.Contains(got, "warn") ||
			!strings.Contains(got, "ok configuration: that of all 5 functions is this very one (s3://acme-settings/yardstick.yaml)\n") ||
			!strings.Contains(got, "ok ScrapRightExportRole: may do all that is needed: IAM allows 142 of 142 simulated requests\n") {
			t.Errorf("found\n%s", got)
		}
	})
}

// replaced is the configuration that fits, with texts replaced.
func replaced(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(whole) }

func TestEveryDisagreementOfTheParametersIsNamed(t *testing.T) {
	const scrunch = "scrunch:\n  - account: main\n    api_key_secret: yardstick/scrunch/main/api-key\n    start: 2025-01-01\n"
	const hook = "webhook:\n  secret: yardstick/webhook\n  functions: {scrapright: yardstick-scrapright-export, scrunch: yardstick-scrunch-export}\n"
	for name, c := range map[string]struct{ parameter, value, config, want string }{
		"an account too many": {"Accounts", "main, old", whole, "warn Accounts: the configuration has no account old: secrets of it cost money, and nothing reads them; " +
			"change this line of parameters.yaml\n    Accounts: main\n"},
		"an account too few": {"", "", replaced("scrunch:\n  - account: main", "scrunch:\n  - account: north"), "fault Accounts: the stack's roles " +
			"and tables do not know the configured account north; change this line of parameters.yaml\n    Accounts: main,north\n"},
		"a source too few": {"Sources", "scrapright", whole, "fault Sources: the stack exports no scrunch, of which the configuration has accounts; " +
			"change this line of parameters.yaml\n    Sources: scrapright,scrunch\n"},
		"a source too many": {"", "", replaced(scrunch, ""), "warn Sources: the configuration has no account of scrunch, and its function runs for nothing; " +
			"change this line of parameters.yaml\n    Sources: scrapright\n"},
		"another bucket": {"BucketName", "acme-2", whole, "fault BucketName: the stack's bucket is acme-2 and the configuration's is acme-reporting, " +
			"which the functions may not use; change this line of the configuration\n    bucket: acme-2\n"},
		"another prefix": {"Prefix", "", whole, `fault Prefix: the stack's prefix is "" and the configuration's is "reports/", below which the functions ` +
			"may not write; change this line of the configuration\n    prefix: \"\"\n"},
		"webhooks off": {"Webhook", "off", whole, "warn Webhook: the configuration has `webhook` and no function of the stack takes any; " +
			"take it out, or change this line of parameters.yaml\n    Webhook: on\n"},
		"no webhook": {"", "", replaced(hook, ""), "fault Webhook: the stack takes webhooks and the configuration has no `webhook`, so each is refused; " +
			"add these lines to the configuration, or set Webhook: off in parameters.yaml\n    webhook:\n      secret: yardstick/webhook\n      functions:\n" +
			"        scrapright: yardstick-scrapright-export\n        scrunch: yardstick-scrunch-export\n"},
		"another secret to sign with": {"", "", replaced("yardstick/webhook", "hooks"), "fault Webhook: webhook.secret is hooks, which the function may not read; " +
			"change these lines of the configuration\n    webhook:\n"},
		"another function": {"", "", replaced("scrunch: yardstick-scrunch-export", "scrunch: old-scrunch-export"), "fault Webhook: webhook.functions.scrunch is " +
			"old-scrunch-export, and the stack's function is yardstick-scrunch-export; change these lines of the configuration\n"},
		"a function elsewhere": {"", "", replaced("scrunch: yardstick-scrunch-export", `scrunch: "arn:aws:lambda:eu-west-1:111122223333:function:yardstick-scrunch-export"`),
			"fault Webhook: webhook.functions.scrunch is arn:aws:lambda:eu-west-1:"},
		"another API key": {"", "", replaced("yardstick/scrunch/main/api-key", "scrunch-key"), "fault scrunch/main api_key_secret: scrunch-key is not the name that the " +
			"stack's roles may read; change these lines of the configuration\n    scrunch:\n      - account: main\n        api_key_secret: yardstick/scrunch/main/api-key\n"},
		"a key of another account": {"", "", replaced("yardstick/scrunch/main/api-key", "arn:aws:secretsmanager:us-east-1:999900001111:secret:yardstick/scrunch/main/api-key-a1B2c3"),
			"fault scrunch/main api_key_secret: arn:aws:secretsmanager:us-east-1:999900001111:secret:"},
		"a session that is missing": {"", "", replaced("main/session", "main/sessions"), "fault scrapright/main session_secret: yardstick/scrapright/main/sessions is not there: " +
			"the stack has one for each of Accounts, and its functions may make none; create it without a value\n"},
		"no tables": {"Tables", "off", whole, "ok tables: none: the stack was deployed with Tables: off\n"},
		"tables from later on": {"TablesFrom", "2025-02-01", whole, "warn TablesFrom: days are exported from 2025-01-01 on, and the tables know none before 2025-02-01; " +
			"change this line of parameters.yaml\n    TablesFrom: 2025-01-01\n"},
		"a report of one's own": {"", "", replaced("    start: 2025-01-01\nwebhook", "    start: 2025-01-01\n    reports: {by_country: {fields: [date, country, responses]}, source_daily: {on: true}}\nwebhook"),
			"warn scrunch tables: the stack has no table scrunch_source_daily; deploy this version of the template\n" +
				"warn scrunch tables: a report of your own has no table in the stack: scrunch_by_country; `yardstick tables` makes the DDL\n"},
		"a dataset that is off": {"", "", replaced("    start: 2025-01-01\nscrunch", "    start: 2025-01-01\n    datasets: {customers: {off: true}}\nscrunch"),
			"ok scrapright tables: all 3 of what is exported are there\n"},
		"ARNs": {"", "", replaced("yardstick/scrunch/main/api-key", "arn:aws:secretsmanager:us-east-1:111122223333:secret:yardstick/scrunch/main/api-key-a1B2c3",
			"scrunch: yardstick-scrunch-export", `scrunch: "arn:aws:lambda:us-east-1:111122223333:function:yardstick-scrunch-export:live"`),
			"ok parameters: Accounts, Sources, BucketName, Prefix and Webhook fit the configuration\n"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				if c.parameter != "" {
					w.aws.parameters[c.parameter] = c.value
				}
				if got := w.check(c.config); !strings.Contains(indented(got), indented(c.want)) {
					t.Errorf("found\n%s\nexpected\n%s", got, c.want)
				}
			})
		})
	}
}

// indented leaves out by how much lines to change are indented beyond the first.
func indented(text string) string { return strings.ReplaceAll(text, "        ", "    ") }

func TestTheConfigurationThatFunctionsHaveIsComparedByMeaning(t *testing.T) {
	for name, c := range map[string]struct{ theirs, want string }{
		"said otherwise": {"# the same\n" + replaced("prefix: reports/", "prefix: reports", "timezone: America/Chicago", "restate_days: 3\n    timezone: 'America/Chicago'"),
			"ok configuration: that of all 5 functions is this very one (changed by hand in the environment)\n"},
		"another zone and API": {replaced("America/Chicago", "UTC", "    start: 2025-01-01\nwebhook", "    start: 2025-01-01\n    url: https://scrunch.example\nwebhook"),
			"warn configuration: that of all 5 functions is another (changed by hand in the environment): scrapright.main.timezone is America/Chicago here and UTC there; " +
				"scrunch.main.url is https://api.scrunchai.com/v1 here and https://scrunch.example there\n"},
		"another account": {replaced("scrunch:\n  - account: main", "scrunch:\n  - account: north"),
			"scrunch.main is here and not there; scrunch.north is there and not here\n"},
		"without webhook": {whole[:strings.Index(whole, "webhook:")], ": webhook is here and not there\n"},
		"many keys": {replaced("    timezone: America/Chicago\n", "    restate_days: 9\n    restate_every: 1h\n    refresh: 1h\n    verify_after: 1h\n    guard: refuse\n    requests_per_minute: 5\n"),
			"scrapright.main.restate_every is 6h0m0s here and 1h0m0s there; scrapright.main.refresh is 6h0m0s here and 1h0m0s there; " +
				"scrapright.main.verify_after is 720h0m0s here and 1h0m0s there; scrapright.main.guard is warn here and refuse there; and 2 more\n"},
		"a file": {"/etc/yardstick.yaml", "warn configuration: that of all 5 functions (changed by hand in the environment) is not compared: " +
			`"/etc/yardstick.yaml" is a file of the function's, which is not seen from here`},
		"of another version": {"version: 2", "fault configuration: that of all 5 functions (changed by hand in the environment) cannot be used: "},
		"no object":          {"s3://acme-reporting/none.yaml", "fault configuration: that of all 5 functions (s3://acme-reporting/none.yaml) cannot be used: configuration s3://acme-reporting/none.yaml: "},
		"none":               {"", "fault configuration: YARDSTICK_CONFIG is not set in the environment of all 5 functions\n"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				for function := range w.aws.variables {
					w.aws.variables[function] = c.theirs
				}
				if got := w.check(whole); !strings.Contains(got, c.want) {
					t.Errorf("found\n%s\nexpected\n%s", got, c.want)
				}
			})
		})
	}
}

func TestOneFunctionThatDiffersIsNamed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.aws.variables["yardstick-verify-key"] = replaced("America/Chicago", "UTC")
		delete(w.aws.variables, "yardstick-rotate-session")
		got := w.check(whole)
		for _, want := range []string{
			"ok configuration: that of yardstick-scrapright-export, yardstick-scrunch-export, yardstick-trigger-export is this very one (parameter Config)\n",
			"warn configuration: that of yardstick-verify-key is another (changed by hand in the environment): scrapright.main.timezone is ",
			"warn configuration: what yardstick-rotate-session has for a configuration is not seen: ResourceNotFoundException: Function not found: yardstick-rotate-session\n",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("found\n%s\nexpected\n%s", got, want)
			}
		}
	})
}

func TestWhatARoleMayNotDoIsNamedWithTheReason(t *testing.T) {
	everything := statement{effect: "Allow", actions: []string{"*"}, resources: []string{"*"}}
	for name, c := range map[string]struct {
		change func(a *aws)
		want   string
	}{
		"an implicit deny": {func(a *aws) { a.roles["ScrunchExportRole"] = a.roles["ScrunchExportRole"][1:] },
			"fault ScrunchExportRole: is refused s3:GetObject on arn:aws:s3:::acme-reporting/reports/_yardstick/leases/scrunch/main.json and 47 more " +
				"(implicit deny: no statement of the role allows it); s3:PutObject on "},
		"a listing": {func(a *aws) {
			for i, s := range a.roles["ScrapRightExportRole"] {
				if s.actions[0] == "s3:ListBucket" {
					a.roles["ScrapRightExportRole"][i].conditions["s3:prefix"] = s.conditions["s3:prefix"][1:]
				}
			}
		}, "fault ScrapRightExportRole: is refused s3:ListBucket on arn:aws:s3:::acme-reporting with prefix reports/scrapright/purchases/account=main/ and 1 more (implicit deny: "},
		"what runs tell": {func(a *aws) {
			a.roles["ScrapRightExportRole"] = slices.DeleteFunc(a.roles["ScrapRightExportRole"], func(s statement) bool {
				return strings.HasSuffix(s.resources[0], "/about/index.html")
			})
		}, "fault ScrapRightExportRole: is refused s3:PutObject on arn:aws:s3:::acme-reporting/reports/about/index.html and 9 more " +
			"(implicit deny: no statement of the role allows it)\n"},
		"the status that is not there": {func(a *aws) {
			for i, s := range a.roles["ScrunchExportRole"] {
				if s.actions[0] == "s3:ListBucket" {
					a.roles["ScrunchExportRole"][i].conditions["s3:prefix"] = slices.DeleteFunc(s.conditions["s3:prefix"], func(p string) bool {
						return strings.Contains(p, "/about/")
					})
				}
			}
		}, "fault ScrunchExportRole: is refused s3:ListBucket on arn:aws:s3:::acme-reporting with prefix reports/about/schema/scrunch/brands.json and 3 more (implicit deny: "},
		"an explicit deny": {func(a *aws) {
			a.roles["VerifyKeyRole"] = append(a.roles["VerifyKeyRole"], statement{"Deny", []string{"secretsmanager:Put*"}, []string{"*"}, nil})
		}, "fault VerifyKeyRole: is refused secretsmanager:PutSecretValue on arn:aws:secretsmanager:us-east-1:111122223333:secret:yardstick/scrapright/main/session-AbCdEf " +
			"(explicit deny in role_yardstick_freeze)\n"},
		"the boundary": {func(a *aws) {
			a.boundary = []statement{{effect: "Allow", actions: []string{"s3:*", "lambda:*"}, resources: []string{"*"}}}
		}, "fault RotateSessionRole: is refused secretsmanager:GetSecretValue on arn:aws:secretsmanager:us-east-1:111122223333:secret:yardstick/scrapright/main/api-key-AbCdEf " +
			"and 1 more (the permissions boundary does not allow it); "},
		"a boundary that goes by region and account": {func(a *aws) {
			limited := everything
			limited.conditions = map[string][]string{"aws:ResourceAccount": {account}, "aws:RequestedRegion": {"us-east-1"}, "aws:SecureTransport": {"true"}}
			a.boundary = []statement{limited}
		}, "ok RotateSessionRole: "},
		"the organization": {func(a *aws) { a.outside = true },
			"fault ScheduleRole: is refused lambda:InvokeFunction on arn:aws:lambda:us-east-1:111122223333:function:yardstick-scrapright-export and 1 more " +
				"(no service control policy of the organization allows it)\n"},
		"what IAM was not told": {func(a *aws) {
			a.missing, a.roles["ScheduleRole"] = []string{"aws:SourceVpc", "s3:prefix"}, []statement{}
		}, "(implicit deny: no statement of the role allows it, where nothing is known of aws:SourceVpc)\n"},
		"a key of one's own": {func(a *aws) { a.parameters["KmsKey"] = "arn:aws:kms:us-east-1:111122223333:key/1" },
			"kms:Decrypt on arn:aws:kms:us-east-1:111122223333:key/1 and 1 more (implicit deny"},
		"a role that was deleted": {func(a *aws) { delete(a.roles, "VerifyKeyRole") },
			"fault VerifyKeyRole: the role was deleted behind the stack's back: NoSuchEntity: The role with name VerifyKeyRole cannot be found.\n"},
		"a role that the stack lacks": {func(a *aws) {
			for i := range a.resources {
				if a.resources[i][0] == "ScrunchExportRole" {
					a.resources[i][0] = "OldRole"
				}
			}
		}, "fault ScrunchExportRole: the stack has no such role; deploy this version of the template\n"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				c.change(w.aws)
				if got := w.check(whole); !strings.Contains(got, c.want) {
					t.Errorf("found\n%s\nexpected\n%s", got, c.want)
				}
			})
		})
	}
}

func TestAnAccountThatTheRolesDoNotKnowIsFoundThere(t *testing.T) {
	inWorld(t, func(w *world) {
		config := replaced("scrunch:\n  - account: main\n    api_key_secret: yardstick/scrunch/main", "scrunch:\n  - account: north\n    api_key_secret: yardstick/scrunch/north")
		const want = "fault ScrunchExportRole: is refused secretsmanager:GetSecretValue on arn:aws:secretsmanager:us-east-1:111122223333:secret:" +
			"yardstick/scrunch/north/api-key-AbCdEf (implicit deny: "
		if got := w.check(config); !strings.Contains(got, want) {
			t.Errorf("found\n%s\nexpected\n%s", got, want)
		}
	})
}

func TestWhatTheOperatorMayNotSeeIsAWarningWithTheMissingRight(t *testing.T) {
	for action, want := range map[string]string{
		"SimulatePrincipalPolicy": "warn permissions: what ScrapRightExportRole, RotateSessionRole, ScrunchExportRole, VerifyKeyRole, TriggerExportRole, ScheduleRole, " +
			"BackfillRole may do is not seen: AccessDenied: User: arn:aws:iam::111122223333:user/op is not authorized to perform: SimulatePrincipalPolicy; " +
			"allow yourself iam:SimulatePrincipalPolicy on the stack's roles\n",
		"GetFunctionConfiguration": "warn configuration: what yardstick-scrapright-export has for a configuration is not seen: AccessDeniedException: " +
			"not authorized to perform: lambda:GetFunctionConfiguration; allow yourself lambda:GetFunctionConfiguration on the stack's functions\n",
		"DescribeStacks":     "fault stack: yardstick: it cannot be read: AccessDenied: User: arn:aws:iam::111122223333:user/op is not authorized to perform: DescribeStacks; allow yourself cloudformation:DescribeStacks on it\n",
		"ListStackResources": "; allow yourself cloudformation:ListStackResources on it\n",
	} {
		t.Run(action, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.aws.refuse[action] = "AccessDenied"
				if action == "GetFunctionConfiguration" {
					w.aws.refuse[action] = "AccessDeniedException"
				}
				got := w.check(whole)
				if !strings.Contains(got, want) {
					t.Errorf("found\n%s\nexpected\n%s", got, want)
				}
				if strings.Contains(got, "fault") != strings.HasSuffix(action, "Stacks") && action != "ListStackResources" {
					t.Errorf("of another level:\n%s", got)
				}
			})
		})
	}
}

func TestAStackThatIsNotThereOrNotOursIsAFault(t *testing.T) {
	inWorld(t, func(w *world) {
		found := stack.Check(w.Context(), w.open(whole), "other")
		const want = "other: there is no such stack in this account and region (ValidationError: Stack with id other does not exist); give the name that `sam deploy` was given"
		if len(found) != 1 || found[0].Level != "fault" || found[0].Message != want {
			t.Errorf("found %+v, expected %s", found, want)
		}
		delete(w.aws.parameters, "Accounts")
		delete(w.aws.parameters, "Tables")
		if got := w.check(whole); !strings.HasSuffix(got, "fault parameters: the stack has no parameter Accounts, Tables: it comes from another template, "+
			"or from an older version of this one; deploy this version, or give another stack's name\n") {
			t.Errorf("found\n%s", got)
		}
	})
}

func TestTheStateOfAStackIsTold(t *testing.T) {
	for status, want := range map[string]string{
		"CREATE_COMPLETE":          "ok stack: yardstick is CREATE_COMPLETE, in ",
		"UPDATE_IN_PROGRESS":       "warn stack: yardstick is UPDATE_IN_PROGRESS: what is told here may be otherwise in a minute\n",
		"UPDATE_ROLLBACK_COMPLETE": "warn stack: yardstick is UPDATE_ROLLBACK_COMPLETE: the last change was not made\n",
		"UPDATE_ROLLBACK_FAILED":   "fault stack: yardstick is UPDATE_ROLLBACK_FAILED\n",
		"ROLLBACK_COMPLETE":        "fault stack: yardstick is ROLLBACK_COMPLETE\n",
		"DELETE_IN_PROGRESS":       "fault stack: yardstick is DELETE_IN_PROGRESS\n",
	} {
		inWorld(t, func(w *world) {
			w.aws.status = status
			if got := w.check(whole); !strings.HasPrefix(got, want) {
				t.Errorf("found\n%s\nexpected\n%s", got, want)
			}
		})
	}
}

func TestThrottlingEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.aws.refuse["SimulatePrincipalPolicy"] = "Throttling"
		begun := time.Now()
		got := w.check(whole)
		if n := w.aws.count("SimulatePrincipalPolicy"); n != 5*7 || time.Since(begun) > 5*time.Minute {
			t.Errorf("%d requests about 7 roles in %s, expected 5 about each", n, time.Since(begun))
		}
		if !strings.Contains(got, "warn BackfillRole: what it may do is not seen: Throttling: ") || strings.Contains(got, "fault") {
			t.Errorf("found\n%s", got)
		}
	})
}

func TestACheckEndsWithItsContext(t *testing.T) {
	inWorld(t, func(w *world) {
		w.aws.refuse["SimulatePrincipalPolicy"] = "Throttling"
		ctx, stop := context.WithTimeout(w.Context(), time.Millisecond)
		defer stop()
		begun := time.Now()
		found := fmt.Sprint(stack.Check(ctx, w.open(whole), "yardstick"))
		if spent := time.Since(begun); spent > time.Second || !strings.Contains(found, "what it may do is not seen: ") {
			t.Errorf("after %s:\n%s", spent, found)
		}
	})
}
