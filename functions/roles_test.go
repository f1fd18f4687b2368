package functions_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/table"
)

const (
	bucketARN = "arn:${AWS::Partition}:s3:::${BucketName}"
	secretARN = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:yardstick/"
)

// allowed is what each role may do, one line for each action, resource and condition. It is written out here a second
// time on purpose: a right that is added has to be added twice.
func allowed() map[string][]string {
	scheduler := "sts:AssumeRole by scheduler.amazonaws.com, StringEquals aws:SourceAccount ${AWS::AccountId}, " +
		"StringEquals aws:SourceArn arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default"
	states := "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:"
	want := map[string][]string{
		"ScrapRightExportRole": exportRights("scrapright", "ScrapRightExportLogs"),
		"ScrunchExportRole":    exportRights("scrunch", "ScrunchExportLogs"),
		"RotateSessionRole":    functionRights("RotateSessionLogs"),
		"VerifyKeyRole":        functionRights("VerifyKeyLogs"),
		"TriggerExportRole": append(functionRights("TriggerExportLogs"),
			"secretsmanager:GetSecretValue on "+secretARN+"webhook-??????",
			"secretsmanager:DescribeSecret on "+secretARN+"webhook-??????",
			"lambda:InvokeFunction on ${ScrapRightExport.Arn}", "lambda:InvokeFunction on ${ScrunchExport.Arn}",
			"s3:GetObject on "+bucketARN+"/${Prefix}_yardstick/webhooks/*",
			"s3:PutObject on "+bucketARN+"/${Prefix}_yardstick/webhooks/*"),
		"ScheduleRole": {scheduler, "lambda:InvokeFunction on ${ScrapRightExport.Arn}",
			"lambda:InvokeFunction on ${ScrunchExport.Arn}", "sqs:SendMessage on ${DeadLetterQueue.Arn}"},
		"BackfillRole": {
			"sts:AssumeRole by states.amazonaws.com, ArnLike aws:SourceArn " + states + "stateMachine:${AWS::StackName}-backfill, " +
				"StringEquals aws:SourceAccount ${AWS::AccountId}",
			"lambda:InvokeFunction on ${ScrapRightExport.Arn}", "lambda:InvokeFunction on ${ScrunchExport.Arn}",
			"s3:GetObject on " + bucketARN + "/${Prefix}_yardstick/runs/*",
			"states:StartExecution on " + states + "stateMachine:${AWS::StackName}-backfill",
			"states:DescribeExecution on " + states + "execution:${AWS::StackName}-backfill:*",
			"states:StopExecution on " + states + "execution:${AWS::StackName}-backfill:*",
			"states:DescribeExecution on " + states + "execution:${AWS::StackName}-backfill/Accounts:*",
			"states:StopExecution on " + states + "execution:${AWS::StackName}-backfill/Accounts:*",
			"states:RedriveExecution on " + states + "execution:${AWS::StackName}-backfill/Accounts:*",
			"kms:Decrypt on ${KmsKey}, StringEquals kms:ViaService s3.${AWS::Region}.${AWS::URLSuffix}, where HasKmsKey",
			"logs:CreateLogDelivery on *", "logs:GetLogDelivery on *", "logs:UpdateLogDelivery on *", "logs:DeleteLogDelivery on *",
			"logs:ListLogDeliveries on *", "logs:PutResourcePolicy on *", "logs:DescribeResourcePolicies on *", "logs:DescribeLogGroups on *",
		},
	}
	for _, account := range accountsRead {
		yard, brands := secretARN+"scrapright/"+account+"/", secretARN+"scrunch/"+account+"/"
		create := "secretsmanager:CreateSecret on " + yard + "session*, StringEquals secretsmanager:Name yardstick/scrapright/" + account +
			"/session, unless MakesSecrets"
		want["ScrapRightExportRole"] = append(want["ScrapRightExportRole"], "secretsmanager:GetSecretValue on "+yard+"*",
			"secretsmanager:DescribeSecret on "+yard+"*", "secretsmanager:PutSecretValue on "+yard+"session-??????", create)
		want["ScrunchExportRole"] = append(want["ScrunchExportRole"], "secretsmanager:GetSecretValue on "+brands+"*",
			"secretsmanager:DescribeSecret on "+brands+"*")
		want["RotateSessionRole"] = append(want["RotateSessionRole"], "secretsmanager:GetSecretValue on "+yard+"*",
			"secretsmanager:DescribeSecret on "+yard+"*", "secretsmanager:PutSecretValue on "+yard+"session-??????",
			"secretsmanager:UpdateSecretVersionStage on "+yard+"session-??????")
		want["VerifyKeyRole"] = append(want["VerifyKeyRole"], "secretsmanager:GetSecretValue on "+yard+"*",
			"secretsmanager:DescribeSecret on "+yard+"*", "secretsmanager:GetSecretValue on "+brands+"*",
			"secretsmanager:DescribeSecret on "+brands+"*", "secretsmanager:PutSecretValue on "+yard+"session-??????", create)
	}
	return want
}

// functionRights are those of every function.
func functionRights(logs string) []string {
	return []string{
		"sts:AssumeRole by lambda.amazonaws.com",
		"s3:GetObject on arn:${AWS::Partition}:s3:::${ConfigObject}, where HasConfigObject",
		"kms:Decrypt on ${KmsKey}, StringEquals kms:ViaService s3.${AWS::Region}.${AWS::URLSuffix}, where HasKmsKey",
		"kms:Decrypt on ${KmsKey}, StringEquals kms:ViaService secretsmanager.${AWS::Region}.${AWS::URLSuffix}, where HasKmsKey",
		"kms:GenerateDataKey on ${KmsKey}, StringEquals kms:ViaService s3.${AWS::Region}.${AWS::URLSuffix}, where HasKmsKey",
		"kms:GenerateDataKey on ${KmsKey}, StringEquals kms:ViaService secretsmanager.${AWS::Region}.${AWS::URLSuffix}, where HasKmsKey",
		"logs:CreateLogStream on ${" + logs + ".Arn}",
		"logs:PutLogEvents on ${" + logs + ".Arn}",
		"sqs:SendMessage on ${DeadLetterQueue.Arn}",
	}
}

func exportRights(source, logs string) []string {
	rights := append(functionRights(logs),
		"s3:DeleteObject on "+bucketARN+"/${Prefix}latest/"+source+"/*",
		"s3:DeleteObject on "+bucketARN+"/${Prefix}_yardstick/spool/"+source+"/*",
	)
	for _, place := range []string{source + "/*", "latest/" + source + "/*", "_yardstick/ledger/" + source + "/*", "_yardstick/leases/" + source + "/*",
		"_yardstick/spool/" + source + "/*", "_yardstick/runs/*", "about/status.json", "about/schema/" + source + "/*",
		"about/changes/*/" + source + ".json.gz"} {
		rights = append(rights,
			"s3:GetObject on "+bucketARN+"/${Prefix}"+place,
			"s3:PutObject on "+bucketARN+"/${Prefix}"+place,
			"s3:ListBucket on "+bucketARN+", StringLike s3:prefix ${Prefix}"+place)
	}
	for _, place := range []string{"index.html", "coverage/*/" + source + ".json.gz", "tables/*/" + source + "_*"} {
		rights = append(rights, "s3:PutObject on "+bucketARN+"/${Prefix}about/"+place)
	}
	return rights
}

// rights are the lines of a role's statements.
func rights(t *testing.T, id string, properties mapping) []string {
	t.Helper()
	lines := statements(t, id, properties.at("AssumeRolePolicyDocument"))
	for _, policy := range list(properties["Policies"]) {
		lines = append(lines, statements(t, id, policy.(mapping).at("PolicyDocument"))...)
	}
	return lines
}

func statements(t *testing.T, id string, document any) []string {
	t.Helper()
	var lines []string
	for _, s := range list(document.(mapping)["Statement"]) {
		statement, suffix := s.(mapping), ""
		if choice, ok := statement["Fn::If"].([]any); ok {
			const nothing = "${AWS::NoValue}"
			switch nothing {
			case spell(choice[2]):
				statement, suffix = choice[1].(mapping), ", where "+spell(choice[0])
			case spell(choice[1]):
				statement, suffix = choice[2].(mapping), ", unless "+spell(choice[0])
			default:
				t.Errorf("%s: a statement with two forms: %s", id, spell(s))
			}
		}
		for key := range statement {
			if !slices.Contains([]string{"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}, key) {
				t.Errorf("%s: a statement with %s: %s", id, key, spell(s))
			}
		}
		if statement["Effect"] != "Allow" {
			t.Errorf("%s: a statement that does not allow: %s", id, spell(s))
		}
		lines = append(lines, lay(statement, suffix)...)
	}
	return lines
}

// lay writes a statement as lines, one for each action, resource and value of a condition with several.
func lay(statement mapping, suffix string) []string {
	var lines []string
	for _, action := range list(statement["Action"]) {
		if service := statement.text("Principal", "Service"); service != "" {
			lines = append(lines, spell(action)+" by "+service)
		}
		for _, resource := range list(statement["Resource"]) {
			lines = append(lines, spell(action)+" on "+spell(resource))
		}
	}
	conditions, _ := statement["Condition"].(mapping)
	for _, operator := range slices.Sorted(maps.Keys(conditions)) {
		keys := conditions[operator].(mapping)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			var narrowed []string
			for _, line := range lines {
				for _, value := range list(keys[key]) {
					narrowed = append(narrowed, line+", "+operator+" "+key+" "+spell(value))
				}
			}
			lines = narrowed
		}
	}
	for i := range lines {
		lines[i] += suffix
	}
	return lines
}

func TestTemplateRolesMayDoWhatIsListedAndNothingElse(t *testing.T) {
	want, template := allowed(), readTemplate(t)
	policies := template.resources("AWS::IAM::Policy")
	for id, r := range template.resources("AWS::IAM::Role") {
		properties := r.at("Properties").(mapping)
		got := rights(t, id, properties)
		for name, policy := range policies {
			if policy.text("Properties", "Roles") == `[{"Ref":"`+id+`"}]` {
				got = append(got, statements(t, name, policy.at("Properties", "PolicyDocument"))...)
				delete(policies, name)
			}
		}
		for _, line := range got {
			if !slices.Contains(want[id], line) {
				t.Errorf("%s may, and is not listed to: %s", id, line)
			}
		}
		for _, line := range want[id] {
			if !slices.Contains(got, line) {
				t.Errorf("%s is listed to, and may not: %s", id, line)
			}
		}
		if properties["ManagedPolicyArns"] != nil {
			t.Errorf("%s: rights that are not written out: %s", id, properties.text("ManagedPolicyArns"))
		}
		delete(want, id)
	}
	for id := range want {
		t.Errorf("%s is listed, and is not in the template", id)
	}
	for name := range policies {
		t.Errorf("%s is of more roles than one, or of none in this template", name)
	}
}

func TestTemplateBoundsEveryRole(t *testing.T) {
	const bounded = `{"Fn::If":["HasBoundary",{"Ref":"PermissionsBoundary"},{"Ref":"AWS::NoValue"}]}`
	template := readTemplate(t)
	for id, r := range template.resources("AWS::IAM::Role") {
		if got := r.text("Properties", "PermissionsBoundary"); got != bounded {
			t.Errorf("%s: PermissionsBoundary is %q, expected %s", id, got, bounded)
		}
	}
	for id, r := range template.at("Resources").(mapping) { // SAM would make a role of its own where none is given
		if kind := r.(mapping).text("Type"); strings.HasPrefix(kind, "AWS::Serverless::") && r.(mapping).at("Properties", "Role") == nil {
			t.Errorf("%s, a %s, has no Role of ours", id, kind)
		}
	}
}

// What a role may do to objects, as S3 asks IAM about a request: with the key, or with the prefix of a listing.
const (
	mayGet    = "s3:GetObject on " + bucketARN + "/"
	mayPut    = "s3:PutObject on " + bucketARN + "/"
	mayDelete = "s3:DeleteObject on " + bucketARN + "/"
	mayList   = "s3:ListBucket on " + bucketARN + ", StringLike s3:prefix "
)

// reached says whether lines allow one of these rights on a key or prefix, below a prefix of the bucket's.
func reached(lines []string, l snapshot.Layout, right, key string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		place, found := strings.CutPrefix(strings.ReplaceAll(line, "${Prefix}", l.Prefix), right)
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(place), `\*`, ".*") + "$" // IAM's * is any characters, slashes too
		return found && regexp.MustCompile(pattern).MatchString(key)
	})
}

var exportRoles = map[string]string{"scrapright": "ScrapRightExportRole", "scrunch": "ScrunchExportRole"}

// The keys that the code spells are those that the role allows. A missing key is told as 404 only where s3:ListBucket
// is allowed with that key as prefix, so the places to list are those to read.
func TestTemplateRolesReachEveryKeyOfTheirSource(t *testing.T) {
	want := allowed()
	layout := snapshot.Layout{Prefix: "reporting/"}
	for source, role := range exportRoles {
		for _, key := range keysOf(layout, source) {
			for _, right := range []string{mayGet, mayPut, mayList} {
				if !reached(want[role], layout, right, key) {
					t.Errorf("%s: no %s%s", role, right, key)
				}
			}
		}
		for _, key := range keysWritten(layout, source) {
			if !reached(want[role], layout, mayPut, key) || reached(want[role], layout, mayGet, key) {
				t.Errorf("%s: %s is not to be written, or is to be read", role, key)
			}
		}
	}
}

// Of the other source they reach nothing but what the two share: the status, the page, and the runs' results.
func TestTemplateRolesReachNoKeyOfTheOtherSource(t *testing.T) {
	want := allowed()
	layout := snapshot.Layout{Prefix: "reporting/"}
	shared := []string{layout.Status(), layout.Page(), layout.Run(aDay, "r"), layout.RunsOf(aDay)}
	for source, other := range map[string]string{"scrapright": "scrunch", "scrunch": "scrapright"} {
		for _, key := range append(keysOf(layout, other), keysWritten(layout, other)...) {
			for _, right := range []string{mayGet, mayPut, mayDelete, mayList} {
				if !slices.Contains(shared, key) && reached(want[exportRoles[source]], layout, right, key) {
					t.Errorf("%s: %s%s", exportRoles[source], right, key)
				}
			}
		}
	}
}

var aDay = snapshot.DateOf(2026, time.November, 22)

// keysOf are those that are read, listed or written.
func keysOf(l snapshot.Layout, source string) []string {
	name := snapshot.Name{Source: source, Dataset: "d", Account: "main", Day: aDay, Part: "p"}
	return []string{l.Data(name), l.Latest(name), l.Ledger(source, "d", "main", "2026-11"), l.Run(aDay, "r"), l.Lease(source, "main"),
		l.Spool(name), l.Partitions(source, "d", "main"), l.Ledgers(source, "d", "main"), l.SourceLedgers(source), l.RunsOf(aDay),
		l.Status(), l.Schema(source, "d"), l.Changes(source, "main", "2026-11")}
}

// keysWritten are those that are written over whatever is there.
func keysWritten(l snapshot.Layout, source string) []string {
	keys := []string{l.Page(), l.Coverage(source, "main")}
	for _, latest := range []bool{false, true} {
		for _, f := range (table.Snippets{Table: table.Table{Source: source, Dataset: "d", Latest: latest}}).Files() {
			keys = append(keys, l.Snippet(f.Reader, f.Name))
		}
	}
	return keys
}
