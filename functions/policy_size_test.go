package functions_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

// maxInline is how many characters all policies in a role have together, white space not counted
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const maxInline = 10_240

// resolve is a value with its functions carried out. What AWS::NoValue stands for is nil, and left out of lists.
func (d stack) resolve(v any) any {
	switch v := v.(type) {
	case []any:
		all := []any{}
		for _, item := range v {
			if item = d.resolve(item); item != nil {
				all = append(all, item)
			}
		}
		return all
	case mapping:
		if choice, ok := v["Fn::If"].([]any); ok {
			if d.holds(choice[0]) {
				return d.resolve(choice[1])
			}
			return d.resolve(choice[2])
		}
		if v["Ref"] == "AWS::NoValue" {
			return nil
		}
		if attribute, ok := v["Fn::GetAtt"].(string); ok {
			return d.named(attribute, nil)
		}
		if v["Ref"] != nil || v["Fn::Sub"] != nil {
			return d.value(v)
		}
		all := mapping{}
		for key, item := range v {
			all[key] = d.resolve(item)
		}
		return all
	}
	return v
}

// size is how many characters of a role's quota a policy takes.
func (d stack) size(document any) int {
	text, err := json.Marshal(d.resolve(document))
	if err != nil {
		d.t.Fatal(err)
	}
	return len(strings.ReplaceAll(string(text), " ", ""))
}

// large is a stack with long names and all that adds to its roles.
func large(t *testing.T, newSecrets string) stack {
	t.Helper()
	const place = ":ap-southeast-1:111122223333:"
	d := deployed(t, map[string]string{"BucketName": "acme-scrapright-reporting", "Prefix": "reporting/", "NewSecrets": newSecrets, "Webhook": "on",
		"ConfigObject": "acme-configuration/yardstick.yaml", "KmsKey": "arn:aws:kms" + place + "key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"})
	maps.Copy(d.values, map[string]string{"AWS::Partition": "aws", "AWS::Region": "ap-southeast-1", "AWS::AccountId": "111122223333",
		"AWS::URLSuffix": "amazonaws.com", "DeadLetterQueue.Arn": "arn:aws:sqs" + place + "yardstick-DeadLetterQueue-0A1B2C3D4E5F",
		"BackfillLogs.Arn": "arn:aws:logs" + place + "log-group:/aws/vendedlogs/states/yardstick-backfill:*"})
	for id, f := range d.functions() {
		name := d.value(f["FunctionName"])
		d.values[id+".Arn"] = "arn:aws:lambda" + place + "function:" + name
		d.values[id+"Logs.Arn"] = "arn:aws:logs" + place + "log-group:/aws/lambda/" + name + ":*"
	}
	return d
}

// docs/operations.md says how many accounts that are.
func TestTemplateRolesHaveRoomForTheAccountsOfAStack(t *testing.T) {
	for newSecrets, accounts := range map[string]int{"yes": 15, "no": 10} {
		d := large(t, newSecrets)
		for id, r := range d.resources("AWS::IAM::Role") {
			whole, each := 0, 0
			for _, policy := range list(r.at("Properties", "Policies")) {
				whole += d.size(policy.(mapping).at("PolicyDocument"))
			}
			for _, p := range d.resources("AWS::IAM::Policy") {
				if p.text("Properties", "Roles") == `[{"Ref":"`+id+`"}]` {
					each = max(each, d.size(p.at("Properties", "PolicyDocument")))
				}
			}
			if all := whole + accounts*each; all > maxInline {
				t.Errorf("NewSecrets %s: %s has %d characters with %d accounts (%d, and %d for each), expected at most %d",
					newSecrets, id, all, accounts, whole, each, maxInline)
			}
		}
	}
}
