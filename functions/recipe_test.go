package functions_test

import (
	"debug/buildinfo"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxBootstrap is the size of a bootstrap, in bytes, that is not exceeded: it is unpacked at every cold start.
const maxBootstrap = 15_000_000

// build makes a function's bootstrap by the recipe that SAM's build uses. Settings are the recipe's variables.
func build(t *testing.T, id string, settings ...string) string {
	t.Helper()
	folder := t.TempDir()
	arguments := append([]string{"--no-print-directory", "-C", "..", "build-" + id, "ARTIFACTS_DIR=" + folder}, settings...)
	recipe := exec.CommandContext(t.Context(), "make", arguments...)
	recipe.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { // of the make that runs the tests
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains([]string{"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES"}, name)
	})
	if out, err := recipe.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return filepath.Join(folder, "bootstrap")
}

func TestRecipeMakesWhatLambdaRuns(t *testing.T) {
	machines := map[string]elf.Machine{"arm64": elf.EM_AARCH64, "x86_64": elf.EM_X86_64}
	for id, f := range readTemplate(t).functions() {
		path := build(t, id)
		machine, known := machines[strings.Trim(f.text("Architectures"), `[]"`)]
		if !known {
			t.Fatalf("%s: Architectures is %s, expected one of arm64 and x86_64", id, f.text("Architectures"))
		}
		isStaticAndStripped(t, path, machine)
		folder, _ := strings.CutPrefix(f.text("FunctionName"), "${AWS::StackName}-")
		isOf(t, path, "yardstick/functions/"+folder)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > maxBootstrap || info.Mode()&0o111 != 0o111 {
			t.Errorf("%s: %d bytes, mode %v; expected at most %d that all may run", id, info.Size(), info.Mode(), maxBootstrap)
		}
	}
}

func isStaticAndStripped(t *testing.T, path string, machine elf.Machine) {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if file.Machine != machine || file.Class != elf.ELFCLASS64 || file.Type != elf.ET_EXEC {
		t.Errorf("%s: %v %v %v, expected an executable for %v", path, file.Machine, file.Class, file.Type, machine)
	}
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP || program.Type == elf.PT_DYNAMIC {
			t.Errorf("%s: it has %v; it is linked to libraries that Lambda may not have", path, program.Type)
		}
	}
	for _, section := range file.Sections {
		if section.Type == elf.SHT_SYMTAB || strings.HasPrefix(section.Name, ".debug") || strings.HasPrefix(section.Name, ".zdebug") {
			t.Errorf("%s: it has the section %s; it is not stripped", path, section.Name)
		}
	}
}

func isOf(t *testing.T, path, main string) {
	t.Helper()
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Path != main {
		t.Errorf("%s is %s, expected %s", path, info.Path, main)
	}
	made := map[string]string{}
	for _, s := range info.Settings {
		made[s.Key] = s.Value
	}
	for key, want := range map[string]string{"-tags": "lambda.norpc", "-trimpath": "true", "CGO_ENABLED": "0", "GOOS": "linux",
		"vcs.revision": ""} {
		if made[key] != want {
			t.Errorf("%s: built with %s=%s, expected %q", main, key, made[key], want)
		}
	}
}
