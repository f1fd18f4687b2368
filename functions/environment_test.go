package functions_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// environmentRead are the names that the functions' own packages hand to os.Getenv and os.LookupEnv, each once.
func environmentRead(t *testing.T) []string {
	t.Helper()
	const ours = "{{if .Module}}{{if .Module.Main}}{{.Dir}}{{end}}{{end}}"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", ours, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var names []string
	for dir := range strings.Lines(string(out)) {
		names = append(names, readIn(t, strings.TrimSpace(dir))...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// readIn are the names that one package reads.
func readIn(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]string{}
	var arguments []ast.Expr
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, value := range n.Values {
					if text, ok := literal(value); ok {
						constants[n.Names[i].Name] = text
					}
				}
			case *ast.CallExpr:
				if readsEnvironment(n) {
					arguments = append(arguments, n.Args[0])
				}
			}
			return true
		})
	}
	var names []string
	for _, a := range arguments {
		name, ok := literal(a)
		if identifier, isName := a.(*ast.Ident); isName {
			name, ok = constants[identifier.Name], constants[identifier.Name] != ""
		}
		if !ok {
			t.Errorf("%s reads an environment variable whose name is not a constant of its own", dir)
		}
		names = append(names, name)
	}
	return names
}

func readsEnvironment(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) != 1 {
		return false
	}
	room, ok := selector.X.(*ast.Ident)
	return ok && room.Name == "os" && slices.Contains([]string{"Getenv", "LookupEnv"}, selector.Sel.Name)
}

func literal(e ast.Expr) (string, bool) {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}
