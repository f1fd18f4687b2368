package pkg_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are the texts that name tests.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"../*.md", "../docs/*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = string(text)
		}
	}
	return texts
}

// tests are the names of all tests and fuzz tests, with the folders that they are in.
func tests(t *testing.T) map[string][]string {
	t.Helper()
	named := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	found := map[string][]string{}
	for _, root := range []string{"../functions", "../cmd", "../pkg"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range named.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = append(found[m[1]], strings.TrimPrefix(filepath.Dir(path), "../"))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestEveryTestThatADocumentNamesIsThere(t *testing.T) {
	there := tests(t)
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`(?:, `(?:Test|Fuzz)\\w+`)*(?: \\(([a-z/]+)\\))?")
	each := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	count := 0
	for path, text := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			for _, name := range each.FindAllStringSubmatch(m[0], -1) {
				count++
				folders := there[name[1]]
				if len(folders) == 0 || m[2] != "" && !strings.Contains(strings.Join(folders, " "), m[2]) {
					t.Errorf("%s names %s in %q, which is in %q", path, name[1], m[2], folders)
				}
			}
		}
	}
	if count < 20 {
		t.Errorf("%d tests are named: the test looks at nothing", count)
	}
}
