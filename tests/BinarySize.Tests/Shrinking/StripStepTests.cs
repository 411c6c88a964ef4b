using BinarySize.Shrinking;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Shrinking;

public class StripStepTests
{
    private static StepResult Strip(string input, string output, StripOptions? options = null) => new StripStep(options ?? new StripOptions()).Apply(input, output, CancellationToken.None);

    private static string Sections(string path) => Tool.Run("readelf", "-SW", path);

    [Fact]
    public void A_library_from_a_package_keeps_its_symbols_beside_the_build()
    {
        using var scratch = new Scratch();
        string sqlite = ShrinkSamples.Sqlite("linux-x64");
        StepResult result = Strip(sqlite, scratch["out/libe_sqlite3.so"], new StripOptions { SymbolsDirectory = scratch["symbols"] });
        Assert.Equal((StepOutcome.Applied, null), (result.Outcome, result.Reason));
        Assert.Equal(1_195_200, result.Before);
        Assert.InRange(result.After, 1_080_000, 1_087_500);
        Assert.StartsWith("GNU objcopy 2", result.Tool, StringComparison.Ordinal);
        Assert.DoesNotContain(".symtab", Sections(scratch["out/libe_sqlite3.so"]), StringComparison.Ordinal);
        Assert.Equal(ShrinkSamples.LoadSqlite(sqlite), ShrinkSamples.LoadSqlite(scratch["out/libe_sqlite3.so"]));
        Assert.Equal(File.GetUnixFileMode(sqlite), File.GetUnixFileMode(scratch["out/libe_sqlite3.so"]));

        string id = Tool.Run("readelf", "-nW", sqlite).Split("Build ID: ")[1].Split('\n')[0].Trim();
        string symbols = scratch[$"symbols/.build-id/{id[..2]}/{id[2..]}.debug"];
        Assert.Equal(symbols, Path.Combine(scratch["symbols"], StripStep.SymbolFile(sqlite)!));
        Assert.Equal(["out", "out/libe_sqlite3.so", "symbols", "symbols/.build-id", $"symbols/.build-id/{id[..2]}", $"symbols/.build-id/{id[..2]}/{id[2..]}.debug"], scratch.Names);
        Assert.Equal(Tool.Run("nm", sqlite).Split('\n').Length, Tool.Run("nm", symbols).Split('\n').Length);
        Assert.Contains(id[2..] + ".debug", Tool.Run("readelf", "--string-dump=.gnu_debuglink", scratch["out/libe_sqlite3.so"]), StringComparison.Ordinal);
        // Again, over what is there; and what is stripped has nothing to strip.
        Assert.Equal(result, Strip(sqlite, scratch["out/libe_sqlite3.so"], new StripOptions { SymbolsDirectory = scratch["symbols"] }));
        Assert.Equal("BSZ5101", Strip(scratch["out/libe_sqlite3.so"], scratch["twice"]).Code);
        Assert.False(File.Exists(scratch["twice"]));
        Assert.False(new StripStep(new StripOptions()).Considers(symbols));
    }

    [Fact]
    public void A_debugger_finds_functions_by_the_kept_symbols()
    {
        using var scratch = new Scratch();
        string program = NativeSamples.Compile("strip-me", "parts.c", "clang", "-g", "-O1", "-shared", "-fPIC", "-Wl,--build-id=none");
        StepResult result = Strip(program, scratch["libparts.so"], new StripOptions { SymbolsDirectory = scratch["symbols"] });
        Assert.Equal(StepOutcome.Applied, result.Outcome);
        string symbols = scratch["symbols/out.dbg"];
        Assert.True(File.Exists(symbols));
        Assert.Equal("out.dbg", StripStep.SymbolFile(program));
        string function = Tool.Run("nm", program).Split('\n').First(l => l.Contains(" T ", StringComparison.Ordinal));
        string expected = Tool.Run("addr2line", "-f", "-e", program, "0x" + function.Split(' ')[0]);
        Assert.Equal(expected, Tool.Run("addr2line", "-f", "-e", symbols, "0x" + function.Split(' ')[0]));
        Assert.Contains(function.Split(' ')[^1], expected, StringComparison.Ordinal);
        Assert.DoesNotContain(".debug_info", Sections(scratch["libparts.so"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_tools_leave_what_is_loaded()
    {
        using var scratch = new Scratch();
        string sqlite = ShrinkSamples.Sqlite("linux-x64");
        foreach (string tool in (string[])["objcopy", "llvm-objcopy"])
        {
            StepResult result = Strip(sqlite, scratch[tool], new StripOptions { ObjcopyPath = tool, SymbolsDirectory = scratch["symbols-" + tool] });
            Assert.Equal((StepOutcome.Applied, null), (result.Outcome, result.Reason));
            Assert.InRange(result.After, 1_080_000, 1_087_500);
            Assert.Contains(tool == "objcopy" ? "GNU objcopy 2" : "llvm-objcopy 1", result.Tool, StringComparison.Ordinal);
            Assert.Equal(ShrinkSamples.LoadSqlite(sqlite), ShrinkSamples.LoadSqlite(scratch[tool]));
            Assert.Single(Directory.GetFiles(scratch["symbols-" + tool], "*", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public void A_Go_program_runs_stripped_and_knows_what_it_was_built_from()
    {
        using var scratch = new Scratch();
        string go = ShrinkSamples.GoProgram;
        StepResult result = Strip(go, scratch["go"], new StripOptions { SymbolsDirectory = scratch["symbols"] });
        Assert.Equal((StepOutcome.Applied, null), (result.Outcome, result.Reason));
        Assert.InRange((double)result.After / result.Before, 0.4, 0.8);
        Assert.Equal(ShrinkSamples.RunAsApp(go), ShrinkSamples.RunAsApp(scratch["go"]));
        string Built(string path) => Tool.Run("go", "version", "-m", path).Replace(path, "", StringComparison.Ordinal);
        Assert.Equal(Built(go), Built(scratch["go"]));
        // LLVM of some versions destroys the names of its sections: that is seen, and not used.
        StepResult llvm = Strip(go, scratch["llvm"], new StripOptions { ObjcopyPath = "llvm-objcopy" });
        if (llvm.Outcome == StepOutcome.Applied) Assert.Equal(Built(go), Built(scratch["llvm"]));
        else Assert.Equal((StepOutcome.Failed, "BSZ5105", false), (llvm.Outcome, llvm.Code, File.Exists(scratch["llvm"])));
    }

    [Fact]
    public void Foreign_machines_need_a_tool_that_serves_them()
    {
        using var scratch = new Scratch();
        foreach (string rid in (string[])["linux-arm64", "linux-arm"])
        {
            string sqlite = ShrinkSamples.Sqlite(rid);
            if (!Sections(sqlite).Contains(".symtab", StringComparison.Ordinal)) continue;
            StepResult result = Strip(sqlite, scratch[rid]);
            Assert.Equal((StepOutcome.Applied, null), (result.Outcome, result.Reason));
            Assert.StartsWith("llvm-objcopy", result.Tool, StringComparison.Ordinal);
            Assert.DoesNotContain(".symtab", Sections(scratch[rid]), StringComparison.Ordinal);
        }
        string s390x = NativeSamples.Go("hello.go", "linux", "s390x");
        StepResult missing = Strip(s390x, scratch["none"], new StripOptions { SearchPath = "/nowhere" });
        Assert.Equal((StepOutcome.ToolMissing, "BSZ5103"), (missing.Outcome, missing.Code));
        Assert.Contains("s390x", missing.Reason, StringComparison.Ordinal);
        Assert.Contains("llvm", missing.Reason, StringComparison.Ordinal);
        // binutils of this machine does not know that one, and says so.
        StepResult wrong = Strip(s390x, scratch["none"], new StripOptions { ObjcopyPath = "objcopy" });
        Assert.Equal((StepOutcome.Failed, "BSZ5105"), (wrong.Outcome, wrong.Code));
        Assert.False(File.Exists(scratch["none"]));
    }

    [Fact]
    public void What_is_left_alone_says_why()
    {
        using var scratch = new Scratch();
        StepResult Left(string code, string input)
        {
            StepResult result = Strip(input, scratch["out"], new StripOptions { SymbolsDirectory = scratch["symbols"] });
            Assert.Equal((StepOutcome.Refused, code), (result.Outcome, result.Code));
            Assert.False(File.Exists(scratch["out"]));
            Assert.False(Directory.Exists(scratch["symbols"]));
            return result;
        }

        Left("BSZ5101", ShrinkSamples.Aot);
        Left("BSZ5101", "/bin/ls");
        Left("BSZ5104", ShrinkSamples.Sqlite("osx-x64"));
        Left("BSZ5104", NativeSamples.Go("hello.go", "windows", "amd64"));
        byte[] go = File.ReadAllBytes(ShrinkSamples.GoProgram);
        File.WriteAllBytes(scratch["appended"], [.. go, .. "PK and so on"u8]);
        Left("BSZ5106", scratch["appended"]);
        File.WriteAllBytes(scratch["signed"], [.. go, .. new byte[12], .. "~Module signature appended~\n"u8]);
        Left("BSZ5102", scratch["signed"]);
        File.CreateSymbolicLink(scratch["link"], ShrinkSamples.GoProgram);
        Left("BSZ5109", scratch["link"]);
        File.WriteAllBytes(scratch["cut"], go[..30]);
        Left("BSZ5104", scratch["cut"]);

        var step = new StripStep(new StripOptions());
        Assert.False(step.Considers(Path.Combine(ShrinkSamples.TrimmedFolder, "hello.dll")));
        Assert.False(step.Considers(Path.ChangeExtension(ShrinkSamples.Aot, ".dbg")));
        Assert.False(step.Considers("/usr/lib/x86_64-linux-gnu/crt1.o"));
        Assert.True(step.Considers(ShrinkSamples.Aot));
    }

    [Fact]
    public void A_tool_that_fails_hangs_or_changes_code_is_undone()
    {
        using var scratch = new Scratch();
        string go = ShrinkSamples.GoProgram;
        StepResult Fails(string body, TimeSpan? timeout = null)
        {
            var options = new StripOptions { ObjcopyPath = scratch.Script("objcopy", "[ \"$1\" = --version ] && echo 'GNU objcopy (fake) 2.99' && exit 0\n" + body), Timeout = timeout ?? TimeSpan.FromMinutes(1), SymbolsDirectory = scratch["symbols"] };
            StepResult result = Strip(go, scratch["out"], options);
            Assert.Equal((StepOutcome.Failed, "GNU objcopy 2.99"), (result.Outcome, result.Tool));
            Assert.Equal(["objcopy"], scratch.Names);
            return result;
        }

        Assert.Contains("exit code 1: no space", Fails("echo no space >&2; exit 1").Reason, StringComparison.Ordinal);
        Assert.Equal("BSZ5108", Fails("sleep 30", TimeSpan.FromSeconds(1)).Code);
        // Every call writes its last argument; the byte that changes lies in code.
        StepResult changed = Fails("[ \"$1\" = --strip-all ] || { objcopy \"$@\"; exit; }\nobjcopy \"$@\"; for f; do :; done; printf X | dd of=\"$f\" bs=1 seek=8192 conv=notrunc 2>/dev/null");
        Assert.Equal("BSZ5105", changed.Code);
        Assert.Contains("changed more than symbols: the bytes of the segment", changed.Reason, StringComparison.Ordinal);
    }
}
