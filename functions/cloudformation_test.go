package functions_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// template is template.yaml. Scalars are text as they are spelt, and short forms (!Ref x) are long ones ({"Ref": "x"}).
type template struct {
	t *testing.T
	mapping
}

// mapping is a YAML mapping.
type mapping map[string]any

// accountsRead are those for which the template is read: one, and one whose hyphen no logical id can have.
var accountsRead = []string{"main", "north-yard"}

// readTemplate reads it with the loops of AWS::LanguageExtensions unrolled.
func readTemplate(t *testing.T) template {
	t.Helper()
	text, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatalf("template.yaml: %v", err)
	}
	root, err := plain(document.Content[0])
	if err != nil {
		t.Fatalf("template.yaml: %v", err)
	}
	whole := root.(mapping)
	for _, section := range []string{"Conditions", "Resources", "Outputs"} {
		unroll(t, whole[section].(mapping))
	}
	return template{t, whole}
}

// unroll puts in place of each Fn::ForEach what CloudFormation makes of it
// (docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html).
func unroll(t *testing.T, section mapping) {
	t.Helper()
	for key, value := range section {
		if !strings.HasPrefix(key, "Fn::ForEach::") {
			continue
		}
		delete(section, key)
		loop := value.([]any)
		identifier, items := loop[0].(string), list(loop[1])
		if spell(loop[1]) == "${Accounts}" {
			items = nil
			for _, account := range accountsRead {
				items = append(items, account)
			}
		}
		for _, item := range items {
			for id, fragment := range loop[2].(mapping) {
				name := fill(id, identifier, item.(string))
				if _, twice := section[name]; twice || strings.ContainsAny(name, "${&}-") {
					t.Errorf("%s makes %s, which is no logical id or is there already", key, name)
				}
				section[name] = filled(fragment, identifier, item.(string))
			}
		}
	}
}

func fill(text, identifier, item string) string {
	alphanumeric := strings.ReplaceAll(item, "-", "")
	return strings.NewReplacer("${"+identifier+"}", item, "&{"+identifier+"}", alphanumeric).Replace(text)
}

// filled is a fragment for one item. Only a Ref and the text of Fn::Sub know the loop; a plain string with its identifier
// stays as it is in CloudFormation, and so does it here.
func filled(value any, identifier, item string) any {
	switch v := value.(type) {
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = filled(v[i], identifier, item)
		}
		return items
	case mapping:
		if v["Ref"] == identifier {
			return item
		}
		m := mapping{}
		for key, inner := range v {
			if text, ok := inner.(string); ok && key == "Fn::Sub" {
				m[key] = strings.ReplaceAll(text, "${"+identifier+"}", item)
				continue
			}
			m[key] = filled(inner, identifier, item)
		}
		return m
	}
	return value
}

// plain turns a node into a mapping, a []any or a string. CloudFormation takes no aliases and no key twice.
func plain(n *yaml.Node) (any, error) {
	value, err := content(n)
	name, short := strings.CutPrefix(n.Tag, "!")
	switch {
	case err != nil || !short || strings.HasPrefix(name, "!"):
		return value, err
	case name == "Ref" || name == "Condition":
		return mapping{name: value}, nil
	default:
		return mapping{"Fn::" + name: value}, nil
	}
}

func content(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value, nil
	case yaml.SequenceNode:
		items := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			item, err := plain(c)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		return items, nil
	case yaml.MappingNode:
		m := mapping{}
		for pair := range slices.Chunk(n.Content, 2) {
			if _, twice := m[pair[0].Value]; twice {
				return nil, fmt.Errorf("line %d: %s stands twice", pair[0].Line, pair[0].Value)
			}
			value, err := plain(pair[1])
			if err != nil {
				return nil, err
			}
			m[pair[0].Value] = value
		}
		return m, nil
	}
	return nil, fmt.Errorf("line %d: an alias, which CloudFormation does not take", n.Line)
}

// at goes down a path of keys; nil where there is no such thing.
func (m mapping) at(path ...string) any {
	var here any = m
	for _, key := range path {
		inner, ok := here.(mapping)
		if !ok {
			return nil
		}
		here = inner[key]
	}
	return here
}

// text is what lies at a path, as spell writes it.
func (m mapping) text(path ...string) string { return spell(m.at(path...)) }

// spell writes a value in one line: {"Ref": "X"} and {"Fn::GetAtt": "X"} as ${X}, Fn::Sub as its text, nothing as "".
func spell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case mapping:
		if len(v) != 1 {
			break
		}
		for _, name := range []string{"Ref", "Fn::GetAtt"} {
			if target, ok := v[name].(string); ok {
				return "${" + target + "}"
			}
		}
		if text, ok := v["Fn::Sub"].(string); ok {
			return text
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// list is a value that may be one thing or a list of them.
func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// resources are those of a type, by logical id.
func (t template) resources(kind string) map[string]mapping {
	t.t.Helper()
	found := map[string]mapping{}
	for id, r := range t.at("Resources").(mapping) {
		if resource, ok := r.(mapping); ok && resource["Type"] == kind {
			found[id] = resource
		}
	}
	if len(found) == 0 {
		t.t.Fatalf("template.yaml has no %s", kind)
	}
	return found
}

// functions are the functions' properties, with those that Globals gives them, by logical id.
func (t template) functions() map[string]mapping {
	t.t.Helper()
	found := map[string]mapping{}
	for id, resource := range t.resources("AWS::Serverless::Function") {
		if method := resource.text("Metadata", "BuildMethod"); method != "makefile" {
			t.t.Errorf("%s: BuildMethod is %q, expected makefile", id, method)
		}
		found[id] = over(t.at("Globals", "Function").(mapping), resource.at("Properties").(mapping))
	}
	return found
}

// over lays one mapping over another as SAM does with Globals: mappings are merged, lists put behind each other.
func over(below, above mapping) mapping {
	merged := mapping{}
	for key, value := range below {
		merged[key] = value
	}
	for key, value := range above {
		switch v := value.(type) {
		case mapping:
			if under, ok := merged[key].(mapping); ok {
				value = over(under, v)
			}
		case []any:
			if under, ok := merged[key].([]any); ok {
				value = slices.Concat(under, v)
			}
		}
		merged[key] = value
	}
	return merged
}

// functionOf is the logical id of the function in a folder; its name ends in the folder's.
func (t template) functionOf(folder string) string {
	t.t.Helper()
	for id, f := range t.functions() {
		if f.text("FunctionName") == "${AWS::StackName}-"+folder {
			return id
		}
	}
	t.t.Fatalf("template.yaml has no function of the name ${AWS::StackName}-%s", folder)
	return ""
}
