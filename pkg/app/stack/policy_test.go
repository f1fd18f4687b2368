package stack_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var placeholder = regexp.MustCompile(`\$\{[^}]+\}`)

// statement is one of a policy, as IAM reads it.
type statement struct {
	effect             string
	actions, resources []string
	conditions         map[string][]string // values by key; only StringLike and StringEquals, which the template has
}

// matches says whether the statement is about a request.
func (s statement) matches(action, resource string, context map[string]string) bool {
	like := func(patterns []string, text string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return wildcard(p, text) })
	}
	for key, values := range s.conditions {
		value, there := context[key]
		if !there || !like(values, value) {
			return false
		}
	}
	return like(s.actions, action) && like(s.resources, resource)
}

// wildcard matches as IAM does: * is any characters, slashes too, and ? is one.
func wildcard(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return wildcard(pattern[1:], text) || text != "" && wildcard(pattern, text[1:])
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && wildcard(pattern[1:], text[1:])
}

// template resolves template.yaml for one set of parameters, as far as roles and their policies need it.
type template struct {
	*testing.T
	values     map[string]string
	conditions map[string]bool
}

// rolesOf are the statements of each role of template.yaml, by its logical id.
func rolesOf(t *testing.T, values map[string]string, conditions map[string]bool) map[string][]statement {
	t.Helper()
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Resources yaml.Node `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	x := template{t, values, conditions}
	roles := map[string][]statement{}
	x.collect(&document.Resources, roles)
	if len(roles) < 5 {
		t.Fatalf("template.yaml has %d roles", len(roles))
	}
	return roles
}

func (x template) collect(resources *yaml.Node, roles map[string][]statement) {
	for i := 0; i < len(resources.Content); i += 2 {
		id, body := resources.Content[i].Value, resources.Content[i+1]
		if strings.HasPrefix(id, "Fn::ForEach::") {
			name := body.Content[0].Value
			items := texts(x.resolve(body.Content[1]))
			if body.Content[1].Tag == "!Ref" {
				items = strings.Split(items[0], ",")
			}
			for _, item := range items {
				inner := template{x.T, maps.Clone(x.values), x.conditions}
				inner.values[name] = item
				inner.collect(body.Content[2], roles)
			}
			continue
		}
		kind := member(body, "Type")
		if kind == nil || kind.Value != "AWS::IAM::Role" && kind.Value != "AWS::IAM::Policy" {
			continue
		}
		properties := x.resolve(member(body, "Properties")).(map[string]any)
		for _, policy := range listed(properties["Policies"]) {
			roles[id] = append(roles[id], statements(policy.(map[string]any)["PolicyDocument"])...)
		}
		for _, role := range listed(properties["Roles"]) {
			roles[role.(string)] = append(roles[role.(string)], statements(properties["PolicyDocument"])...)
		}
	}
}

func member(n *yaml.Node, name string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// resolve is a value with its functions carried out. What !Ref AWS::NoValue stands for is nil.
func (x template) resolve(n *yaml.Node) any {
	switch n.Tag {
	case "!Ref", "!GetAtt":
		return x.value(n.Value)
	case "!Sub":
		return placeholder.ReplaceAllStringFunc(n.Value, func(name string) string {
			return fmt.Sprint(x.value(name[2 : len(name)-1]))
		})
	case "!If":
		holds, known := x.conditions[n.Content[0].Value]
		if !known {
			x.Fatalf("nothing is known of the condition %s", n.Content[0].Value)
		}
		if holds {
			return x.resolve(n.Content[1])
		}
		return x.resolve(n.Content[2])
	}
	switch n.Kind {
	case yaml.SequenceNode:
		all := []any{}
		for _, item := range n.Content {
			if v := x.resolve(item); v != nil {
				all = append(all, v)
			}
		}
		return all
	case yaml.MappingNode:
		all := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			all[n.Content[i].Value] = x.resolve(n.Content[i+1])
		}
		return all
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		x.Fatalf("line %d: %s is not carried out here", n.Line, n.Tag)
	}
	return n.Value
}

func (x template) value(name string) any {
	if name == "AWS::NoValue" {
		return nil
	}
	if value, known := x.values[name]; known {
		return value
	}
	return name // of a role, the logical id; of anything else, no resource that a test asks for
}

func listed(v any) []any {
	if all, ok := v.([]any); ok {
		return all
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func texts(v any) []string {
	var all []string
	for _, item := range listed(v) {
		all = append(all, fmt.Sprint(item))
	}
	return all
}

func statements(document any) []statement {
	var all []statement
	for _, v := range listed(document.(map[string]any)["Statement"]) {
		s := v.(map[string]any)
		one := statement{fmt.Sprint(s["Effect"]), texts(s["Action"]), texts(s["Resource"]), map[string][]string{}}
		if conditions, ok := s["Condition"].(map[string]any); ok {
			for operator, keys := range conditions {
				if operator != "StringLike" && operator != "StringEquals" {
					one.actions = nil // nothing here knows it: it allows nothing
				}
				for key, values := range keys.(map[string]any) {
					one.conditions[key] = texts(values)
				}
			}
		}
		all = append(all, one)
	}
	return all
}
