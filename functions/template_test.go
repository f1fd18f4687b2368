package functions_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yardstick/pkg/export"
)

func TestTemplateHasAFunctionForEachFolderAndNoOther(t *testing.T) {
	var want, got []string
	mains, err := filepath.Glob("*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatalf("%d mains: %v", len(mains), err)
	}
	for _, path := range mains {
		want = append(want, "${AWS::StackName}-"+filepath.Dir(path))
	}
	for _, f := range readTemplate(t).functions() {
		got = append(got, f.text("FunctionName"))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("functions in template.yaml: %q, expected one for each folder: %q", got, want)
	}
}

func TestTemplateRunsEachFunctionAsItIsBuilt(t *testing.T) {
	template := readTemplate(t)
	timeouts := map[string]string{"RotateSession": "300", "VerifyKey": "300", "TriggerExport": "30"} // of those with a few calls to make
	for id, f := range template.functions() {
		for key, want := range map[string]string{"Runtime": "provided.al2023", "Handler": "bootstrap", "CodeUri": ".",
			"Role": "${" + id + "Role.Arn}", "Policies": "", "Timeout": cmp.Or(timeouts[id], "900")} {
			if got := f.text(key); got != want {
				t.Errorf("%s: %s is %q, expected %q", id, key, got, want)
			}
		}
		logs, _ := strings.CutPrefix(f.text("LoggingConfig", "LogGroup"), "${")
		group, ok := template.resources("AWS::Logs::LogGroup")[strings.TrimSuffix(logs, "}")]
		if !ok || f.text("LoggingConfig", "LogFormat") != "JSON" {
			t.Errorf("%s: logs %s, expected JSON into a log group of this template", id, f.text("LoggingConfig"))
		}
		if group.text("Properties", "RetentionInDays") == "" {
			t.Errorf("%s: its logs are kept for ever", id)
		}
	}
}

func TestTemplateSetsTheEnvironmentThatTheCodeReads(t *testing.T) {
	want := append(environmentRead(t), "GOMEMLIMIT", "GOGC") // which Go's runtime reads
	slices.Sort(want)
	for id, f := range readTemplate(t).functions() {
		set := f.at("Environment", "Variables").(mapping)
		if gc := set.text("GOGC"); gc != "off" { // what YAML takes for false is no value of it
			t.Errorf("%s: GOGC is %s, expected off: the limit of the memory decides", id, gc)
		}
		if got := slices.Sorted(maps.Keys(set)); !slices.Equal(got, want) {
			t.Errorf("%s: the template sets %q, the code reads %q", id, got, want)
		}
		limit, err := strconv.Atoi(strings.TrimSuffix(set.text("GOMEMLIMIT"), "MiB"))
		memory, memoryErr := strconv.Atoi(f.text("MemorySize"))
		if err != nil || memoryErr != nil || limit > memory/2 || limit >= mostMemory>>20 {
			t.Errorf("%s: GOMEMLIMIT %s, MemorySize %s; expected the limit, in MiB, below %d and half of the memory",
				id, set.text("GOMEMLIMIT"), f.text("MemorySize"), mostMemory>>20)
		}
	}
}

func TestTemplateRepeatsNoRedExportAndKeepsWhatFailed(t *testing.T) {
	for id, f := range readTemplate(t).functions() {
		for key, want := range map[string]string{"MaximumRetryAttempts": "0",
			"DestinationConfig": `{"OnFailure":{"Destination":{"Fn::GetAtt":"DeadLetterQueue.Arn"},"Type":"SQS"}}`} {
			if got := f.text("EventInvokeConfig", key); got != want {
				t.Errorf("%s: EventInvokeConfig %s is %s, expected %s", id, key, got, want)
			}
		}
	}
}

// schedules are the properties of the template's schedules, by function.
func schedules(template template) map[string]mapping {
	found := map[string]mapping{}
	for id, f := range template.functions() {
		events, _ := f.at("Events").(mapping)
		for name, event := range events {
			if e := event.(mapping); e["Type"] == "ScheduleV2" {
				found[id+"."+name] = e.at("Properties").(mapping)
			}
		}
	}
	if len(found) < 2 {
		template.t.Fatalf("%d schedules", len(found))
	}
	return found
}

func TestTemplateSchedules(t *testing.T) {
	template := readTemplate(t)
	for id, s := range schedules(template) {
		for key, want := range map[string]string{"OmitName": "true", "ScheduleExpressionTimezone": "${ScheduleTimezone}",
			"DeadLetterConfig": `{"Arn":{"Fn::GetAtt":"DeadLetterQueue.Arn"}}`, "RoleArn": "${ScheduleRole.Arn}",
			"FlexibleTimeWindow": `{"Fn::If":["HasWindow",{"MaximumWindowInMinutes":{"Ref":"ScheduleWindowMinutes"},"Mode":"FLEXIBLE"},` +
				`{"Mode":"OFF"}]}`,
		} {
			if got := s.text(key); got != want {
				t.Errorf("%s: %s is %s, expected %s", id, key, got, want)
			}
		}
		source, _, _ := strings.Cut(id, "Export.")
		if got, want := s.text("State"), `{"Fn::If":["Uses`+source+`",{"Ref":"`+source+`ScheduleState"},"DISABLED"]}`; got != want {
			t.Errorf("%s: State is %s, expected %s", id, got, want)
		}
		if template.text("Parameters", source+"ScheduleState", "AllowedValues") != `["ENABLED","DISABLED"]` {
			t.Errorf("%sScheduleState takes %s, expected ENABLED or DISABLED", source, template.text("Parameters", source+"ScheduleState"))
		}
		if attempts := s.text("RetryPolicy", "MaximumRetryAttempts"); attempts == "" {
			t.Errorf("%s: no RetryPolicy, which is 185 attempts", id)
		}
	}
}

// Secrets Manager calls the function when the schedule is made, and no linter sees that the permission must be there.
func TestTemplateRotatesOnlyWithThePermissionToCallTheFunction(t *testing.T) {
	template := readTemplate(t)
	rotations := template.resources("AWS::SecretsManager::RotationSchedule")
	if len(rotations) != len(accountsRead) {
		t.Fatalf("%d rotations of %d accounts", len(rotations), len(accountsRead))
	}
	for id, r := range rotations {
		permission, ok := template.resources("AWS::Lambda::Permission")[r.text("DependsOn")]
		if !ok {
			t.Fatalf("%s depends on %q, expected a permission", id, r.text("DependsOn"))
		}
		function := strings.TrimSuffix(strings.TrimPrefix(permission.text("Properties", "FunctionName"), "${"), "}")
		for what, got := range map[string]bool{
			"the function it calls":      r.text("Properties", "RotationLambdaARN") == "${"+function+".Arn}",
			"the secrets of the yards":   permission.text("Properties", "SourceArn") == secretARN+"scrapright/*/session-??????",
			"a secret of this template":  madeSecret(template, r.text("Properties", "SecretId")),
			"this account":               permission.text("Properties", "SourceAccount") == "${AWS::AccountId}",
			"Secrets Manager":            permission.text("Properties", "Principal") == "secretsmanager.amazonaws.com",
			"its condition":              permission.text("Condition") == r.text("Condition") && r.text("Condition") != "",
			"no rotation at deployments": r.text("Properties", "RotateImmediatelyOnUpdate") == "false",
		} {
			if !got {
				t.Errorf("%s: its permission is not about %s: %s, %s", id, what, r.text("Properties"), permission.text("Properties"))
			}
		}
	}
}

func madeSecret(template template, name string) bool {
	for _, r := range template.resources("AWS::SecretsManager::Secret") {
		if r.text("Properties", "Name") == name {
			return true
		}
	}
	return false
}

// The rule names the secrets that the template makes, and no session: the function writes those, and must not call itself.
func TestTemplateTriesEveryNewKeyAndNoSession(t *testing.T) {
	template := readTemplate(t)
	function := template.functions()["VerifyKey"]
	rule := function.at("Events", "NewKey", "Properties")
	pattern, ok := rule.(mapping)
	if !ok || pattern.text("Pattern", "source") != `["aws.secretsmanager"]` || pattern.text("Pattern", "detail-type") != `["Secret Label Updated"]` ||
		pattern.text("Pattern", "detail", "labelUpdated") != `["AWSCURRENT"]` {
		t.Fatalf("%s", spell(rule))
	}
	var names []struct{ Wildcard string }
	if err := json.Unmarshal([]byte(pattern.text("Pattern", "detail", "name")), &names); err != nil || len(names) != 1 {
		t.Fatalf("%v: %s", err, pattern.text("Pattern", "detail", "name"))
	}
	wildcard := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(names[0].Wildcard), `\*`, ".*") + "$")
	for id, r := range template.resources("AWS::SecretsManager::Secret") {
		name := r.text("Properties", "Name")
		if got, want := wildcard.MatchString(name), strings.Contains(id, "ApiKey"); got != want {
			t.Errorf("%s, %s: the rule is about it: %v, expected %v", id, name, got, want)
		}
	}
}

// No linter sees a cron expression of five fields.
func TestTemplateSchedulesHaveSixFieldsAndOneQuestionMark(t *testing.T) {
	template := readTemplate(t)
	for id, s := range schedules(template) {
		expression, _ := s.at("ScheduleExpression").(mapping)
		name := spell(expression["Ref"])
		given, _ := template.at("Parameters", name).(mapping)
		fields := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(given.text("Default"), "cron("), ")"))
		if len(fields) != 6 || (fields[2] == "?") == (fields[4] == "?") || !strings.HasPrefix(given.text("Default"), "cron(") {
			t.Errorf("%s: %s is %q; expected six fields with one ? for the day of the month or of the week",
				id, name, given.text("Default"))
		}
		pattern := regexp.MustCompile(given.text("AllowedPattern"))
		for text, want := range map[string]bool{given.text("Default"): true, "cron(0 6 ? * MON-FRI *)": true,
			"cron(0/15 8-18 1,15 * ? 2026)": true, "cron(5 * * * *)": false, "cron(5 * * * * *)": false, "cron(5 * ? * ? *)": false,
			"cron(? * * * * *)": false, "5 * * * ? *": false, "rate(1 hour)": false, " cron(5 * * * ? *)": false,
			"cron(5 * * * ? *) ": false, "cron(5 * * * ? * *)": false} {
			if pattern.MatchString(text) != want {
				t.Errorf("%s: AllowedPattern takes %q: %v, expected %v", name, text, !want, want)
			}
		}
	}
}

func TestTemplateSchedulesSendTheScheduledTime(t *testing.T) {
	want := map[string]string{"scheduledTime": "<aws.scheduler.scheduled-time>", "executionId": "<aws.scheduler.execution-id>",
		"attempt": "<aws.scheduler.attempt-number>"}
	for id, s := range schedules(readTemplate(t)) {
		var got map[string]string
		if err := json.Unmarshal([]byte(s.text("Input")), &got); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: input %s (%v), expected %v", id, s.text("Input"), err, want)
		}
		filled := strings.NewReplacer(want["scheduledTime"], "2026-11-23T05:00:00Z", want["executionId"], "d32c5kddcf5bb8c3",
			want["attempt"], "1").Replace(s.text("Input"))
		event, err := export.ParseEvent([]byte(filled))
		if err != nil || event.ScheduledTime.Format("2006-01-02T15") != "2026-11-23T05" {
			t.Errorf("%s: the function takes %s as %+v, %v", id, filled, event, err)
		}
	}
}

func TestTemplateKeepsDataAndSecretsWhenTheStackIsDeleted(t *testing.T) {
	template := readTemplate(t)
	for _, kind := range []string{"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SecretsManager::Secret"} {
		for id, r := range template.resources(kind) {
			if r.text("DeletionPolicy") != "Retain" || r.text("UpdateReplacePolicy") != "Retain" {
				t.Errorf("%s: DeletionPolicy %q, UpdateReplacePolicy %q, expected Retain",
					id, r.text("DeletionPolicy"), r.text("UpdateReplacePolicy"))
			}
		}
	}
}

func TestTemplateMakesSecretsWithoutValues(t *testing.T) {
	var names []string
	for id, r := range readTemplate(t).resources("AWS::SecretsManager::Secret") {
		names = append(names, r.text("Properties", "Name"))
		for key := range r.at("Properties").(mapping) {
			if !slices.Contains([]string{"Name", "Description", "KmsKeyId"}, key) {
				t.Errorf("%s has %s; a value in the template would overwrite a live one", id, key)
			}
		}
	}
	slices.Sort(names)
	want := []string{"yardstick/webhook"}
	for _, account := range accountsRead {
		want = append(want, "yardstick/scrapright/"+account+"/api-key", "yardstick/scrapright/"+account+"/session",
			"yardstick/scrunch/"+account+"/api-key")
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("secrets %q, expected %q", names, want)
	}
}

func TestTemplateKeepsTheBucketPrivate(t *testing.T) {
	template := readTemplate(t)
	buckets := template.resources("AWS::S3::Bucket")
	policies := map[string]mapping{}
	for _, p := range template.resources("AWS::S3::BucketPolicy") {
		policies[p.text("Properties", "Bucket")] = p
	}
	for id, b := range buckets {
		for key, want := range map[string]string{
			"OwnershipControls": `{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}`,
			"PublicAccessBlockConfiguration": `{"BlockPublicAcls":"true","BlockPublicPolicy":"true","IgnorePublicAcls":"true",` +
				`"RestrictPublicBuckets":"true"}`,
			"VersioningConfiguration": `{"Status":"Enabled"}`,
			"BucketEncryption": `{"ServerSideEncryptionConfiguration":[{"Fn::If":["HasKmsKey",{"BucketKeyEnabled":"true",` +
				`"ServerSideEncryptionByDefault":{"KMSMasterKeyID":{"Ref":"KmsKey"},"SSEAlgorithm":"aws:kms"}},` +
				`{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}]}`,
			"NotificationConfiguration": `{"EventBridgeConfiguration":{"EventBridgeEnabled":"true"}}`,
		} {
			if got := b.text("Properties", key); got != want {
				t.Errorf("%s: %s is %s, expected %s", id, key, got, want)
			}
		}
		want := `[{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","Principal":"*",` +
			`"Resource":[{"Fn::Sub":"` + bucketARN + `"},{"Fn::Sub":"` + bucketARN + `/*"}],"Sid":"TLSOnly"}]`
		if got := policies["${"+id+"}"].text("Properties", "PolicyDocument", "Statement"); got != want {
			t.Errorf("%s: policy %s, expected %s", id, got, want)
		}
	}
}

func TestTemplateEncryptsTheQueueAndKeepsItsMessagesLongest(t *testing.T) {
	for id, q := range readTemplate(t).resources("AWS::SQS::Queue") {
		if q.text("Properties", "SqsManagedSseEnabled") != "true" || q.text("Properties", "MessageRetentionPeriod") != "1209600" {
			t.Errorf("%s: %s", id, q.text("Properties"))
		}
	}
}

// setting reads a key of a section of samconfig.toml, of which every value stands on the line of its key.
func setting(t *testing.T, section, key string) string {
	t.Helper()
	text, err := os.ReadFile("../samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	here := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			here = strings.Trim(line, "[]")
		}
		name, value, found := strings.Cut(line, "=")
		if found && here == section && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	t.Errorf("samconfig.toml: [%s] has no %s", section, key)
	return ""
}

func TestTemplateIsBuiltAndDeployedWithTheseSettings(t *testing.T) {
	if setting(t, "default.build.parameters", "cached") != "false" {
		t.Error("samconfig.toml: cached is not false; SAM's cache does not see a change under pkg/")
	}
	if setting(t, "default.build.parameters", "build_in_source") != "true" {
		t.Error("samconfig.toml: build_in_source is not true; SAM would copy the whole folder for each function")
	}
	if setting(t, "default.deploy.parameters", "template_file") != `".aws-sam/build/template.yaml"` {
		t.Error("samconfig.toml: a deployment without a build would upload the whole folder as code")
	}
	if setting(t, "default.deploy.parameters", "capabilities") != `"CAPABILITY_IAM"` {
		t.Error("samconfig.toml: the template makes roles without names, which takes CAPABILITY_IAM and no more")
	}
}
