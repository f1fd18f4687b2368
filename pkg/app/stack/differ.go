package stack

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"yardstick/pkg/app"
)

// differences are the keys whose values differ between two configurations, each with both values, in the order of the
// configuration. Defaults are filled in on both sides, and accounts are matched by their names.
func differences(here, there *app.Config) []string {
	var d differ
	d.walk("", reflect.ValueOf(*here), reflect.ValueOf(*there))
	return d.found
}

type differ struct{ found []string }

// walk compares values of one type. What is no struct, pointer to one, map or list of accounts is compared as it prints.
func (d *differ) walk(at string, a, b reflect.Value) {
	switch kind := a.Type(); {
	case kind == reflect.TypeFor[*time.Location](): // its name is compared
	case kind.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil():
		d.walk(at, a.Elem(), b.Elem())
	case kind.Kind() == reflect.Pointer:
		d.oneSided(at, !a.IsNil(), !b.IsNil())
	case kind.Kind() == reflect.Struct:
		for i := range kind.NumField() {
			d.walk(below(at, kind.Field(i)), a.Field(i), b.Field(i))
		}
	case kind.Kind() == reflect.Map:
		d.members(at, mapped(a), mapped(b))
	case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct:
		d.members(at, byAccount(a), byAccount(b))
	default:
		if mine, theirs := printed(a), printed(b); mine != theirs {
			d.found = append(d.found, fmt.Sprintf("%s is %s here and %s there", at, mine, theirs))
		}
	}
}

// members compares what has names on both sides. What a side lacks stands at its zero value in a map, where that means
// the default.
func (d *differ) members(at string, a, b map[string]reflect.Value) {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	for _, name := range slices.Sorted(keys(names)) {
		mine, isHere := a[name]
		theirs, isThere := b[name]
		if isHere && isThere {
			d.walk(at+"."+name, mine, theirs)
			continue
		}
		d.oneSided(at+"."+name, isHere, isThere)
	}
}

func (d *differ) oneSided(at string, here, there bool) {
	switch {
	case here && !there:
		d.found = append(d.found, at+" is here and not there")
	case there && !here:
		d.found = append(d.found, at+" is there and not here")
	}
}

func keys(m map[string]bool) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func mapped(m reflect.Value) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for _, key := range m.MapKeys() {
		all[key.String()] = m.MapIndex(key)
	}
	return all
}

func byAccount(list reflect.Value) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for i := range list.Len() {
		all[list.Index(i).FieldByName("Account").String()] = list.Index(i)
	}
	return all
}

// below is a field's key as the configuration spells it: APIKeySecret is api_key_secret.
func below(at string, field reflect.StructField) string {
	if field.Anonymous {
		return at
	}
	name := snake(field.Name)
	if at == "" {
		return name
	}
	return at + "." + name
}

func snake(name string) string {
	if name == "ScrapRight" {
		return app.ScrapRight
	}
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		starts := i > 0 && unicode.IsUpper(r) &&
			(unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if starts {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func printed(v reflect.Value) string {
	text := fmt.Sprint(v.Interface())
	if text == "" || text == "[]" {
		return "empty"
	}
	return text
}
