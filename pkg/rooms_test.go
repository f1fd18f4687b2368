// Package pkg_test holds what is true of the rooms together.
package pkg_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "yardstick/"

// allowed reads the table of rooms in ARCHITECTURE.md: what each may import.
func allowed(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `((?:functions|cmd|pkg)/[^`]+)` \\|[^|]*\\|([^|]*)\\|$")
	name := regexp.MustCompile("`([^`]+)`")
	rooms := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		rooms[m[1]] = []string{}
		for _, imported := range name.FindAllStringSubmatch(m[2], -1) {
			rooms[m[1]] = append(rooms[m[1]], imported[1])
		}
	}
	if len(rooms) < 10 {
		t.Fatalf("ARCHITECTURE.md has a table of %d rooms", len(rooms))
	}
	return rooms
}

// imports are the project's own imports of each room, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, root := range []string{"functions", "cmd", "pkg"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			room, err := filepath.Rel("..", filepath.Dir(path))
			found[room] = append(found[room], []string{}...)
			for _, spec := range file.Imports {
				name, unquoteErr := strconv.Unquote(spec.Path.Value)
				if unquoteErr != nil {
					return unquoteErr
				}
				if own, ok := strings.CutPrefix(name, module); ok && !slices.Contains(found[room], own) {
					found[room] = append(found[room], own)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestEveryArrowBetweenRoomsIsInTheTable(t *testing.T) {
	rooms := allowed(t)
	for room, imported := range imports(t) {
		may, known := rooms[room]
		if !known {
			t.Errorf("%s is not in ARCHITECTURE.md's table of rooms", room)
		}
		for _, name := range imported {
			if !slices.Contains(may, name) {
				t.Errorf("%s imports %s, and may import %q", room, name, may)
			}
		}
	}
}

func TestEveryRoomInTheTableIsThereAndUsesItsArrows(t *testing.T) {
	found := imports(t)
	for room, may := range allowed(t) {
		imported, there := found[room]
		if !there {
			t.Errorf("ARCHITECTURE.md tells of %s, which is not there", room)
		}
		for _, name := range may {
			if !slices.Contains(imported, name) {
				t.Errorf("ARCHITECTURE.md lets %s import %s, which it does not", room, name)
			}
		}
	}
}

func TestMainsStayUnderFortyLines(t *testing.T) {
	mains, err := filepath.Glob("../*/*/main.go")
	if err != nil || len(mains) < 2 {
		t.Fatalf("%d mains: %v", len(mains), err)
	}
	for _, path := range mains {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines >= 40 {
			t.Errorf("%s has %d lines", path, lines)
		}
	}
}

// heavy are modules that would grow a function by megabytes, and rooms that no function needs.
var heavy = []string{"github.com/alecthomas/kong", "github.com/getkin/kin-openapi", "github.com/vbauerster/mpb", "text/template",
	"github.com/aws/aws-sdk-go-v2/service/cloudformation", "github.com/aws/aws-sdk-go-v2/service/iam",
	module + "pkg/app/local", module + "pkg/app/stack", module + "pkg/localcloud", module + "pkg/simulator", module + "pkg/bubble", "testing"}

func TestFunctionsLinkNothingHeavy(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "lambda.norpc", "../functions/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for dependency := range strings.Lines(string(out)) {
		for _, name := range heavy {
			if dependency = strings.TrimSpace(dependency); dependency == name || strings.HasPrefix(dependency, name+"/") {
				t.Errorf("a function links %s", dependency)
			}
		}
	}
}

// What is linked is initialised: Lambda's client would take a tenth of an export's start.
func TestOnlyTheTriggerLinksLambdasClient(t *testing.T) {
	const client = "github.com/aws/aws-sdk-go-v2/service/lambda"
	for _, function := range []string{"scrapright-export", "scrunch-export", "rotate-session", "verify-key", "trigger-export"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../functions/"+function).CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		links := slices.Contains(strings.Split(string(out), "\n"), client)
		if links != (function == "trigger-export") {
			t.Errorf("%s links %s: %v", function, client, links)
		}
	}
}

func TestNoFileIsTooLongToReadAtOnce(t *testing.T) {
	for _, root := range []string{"functions", "cmd", "pkg"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			text, err := os.ReadFile(path)
			if lines := bytes.Count(text, []byte("\n")); lines > 500 {
				t.Errorf("%s has %d lines", path, lines)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEngineAndSnapshotNameNoVendor(t *testing.T) {
	vendor := regexp.MustCompile(`(?i)scrap ?right|scrunch`)
	for _, room := range []string{"export", "snapshot"} {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", room, len(files), err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if found := vendor.Find(text); found != nil {
				t.Errorf("%s names %s", path, found)
			}
		}
	}
}
