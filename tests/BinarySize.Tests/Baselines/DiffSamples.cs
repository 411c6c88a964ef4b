using BinarySize.Artifacts;
using BinarySize.Baselines;
using BinarySize.Mapping;
using BinarySize.Reports;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Baselines;

/// <summary>Pairs of files, each made twice by a compiler that we did not write, with a change in between.</summary>
internal static class DiffSamples
{
    private const string COld = """
        #include <stdio.h>
        static volatile int sink;
        __attribute__((noinline)) void grows(int n) { sink = n; printf("%d\n", sink); }
        __attribute__((noinline)) int alpha_compute(int n) { int s = 0; for (int i = 0; i < n; i++) { s ^= i * 2654435761u; s = (s << 5) | ((unsigned)s >> 27); sink = s; } return s; }
        __attribute__((noinline)) void moves(const char *p) { while (*p) { sink += *p++ * 31; if (sink > 1000) sink -= 999; } }
        __attribute__((noinline)) void goes(void) { sink = 1; printf("%d\n", sink); }
        int main(int argc, char **argv) { grows(argc); alpha_compute(argc); moves(argv[0]); goes(); return sink; }
        """;

    /// <summary>A C program of which one function grew, one has another name, one is gone, one is new, and one stands in a section of its own.</summary>
    public static (string Old, string New) C { get; } = Pair("diff-c", "c", COld, COld
        .Replace("{ sink = n; printf(\"%d\\n\", sink); }", "{ sink = n; for (int i = 0; i < n; i++) { printf(\"%d %d\\n\", sink, i); if (sink & 4) puts(\"four\"); if (sink & 8) puts(\"eight\"); } }", StringComparison.Ordinal)
        .Replace("alpha_compute", "tally", StringComparison.Ordinal)
        .Replace("__attribute__((noinline)) void moves", "__attribute__((noinline, section(\"other_text\"))) void moves", StringComparison.Ordinal)
        .Replace("void goes(void) { sink = 1; printf(\"%d\\n\", sink); }", "void comes(char **a) { sink = 2; puts(a[0]); puts(a[1]); puts(a[2]); puts(a[3]); puts(a[4]); }", StringComparison.Ordinal)
        .Replace("goes()", "comes(argv)", StringComparison.Ordinal), (source, to) => Tool.Run("clang", "-O1", "-Wl,-z,nognustack", source, "-o", to));

    /// <summary>A static library of two files; a function went from one to the other.</summary>
    public static (string Old, string New) Archive()
    {
        const string Keeps = "int keeps(int n) { return n * 3 + 1; }\n", Moves = "int moves(const char *p) { int s = 0; while (*p) s = s * 31 + *p++; return s; }\n", Stays = "int stays(int n) { return n / 7; }\n";
        string folder = Samples.Make("diff-ar", [], [Keeps, Moves, Stays], folder =>
        {
            foreach ((string name, string first, string second) in ((string, string, string)[])[("old", Keeps + Moves, Stays), ("new", Keeps, Stays + Moves)])
            {
                string sub = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
                File.WriteAllText(Path.Combine(sub, "first.c"), first);
                File.WriteAllText(Path.Combine(sub, "second.c"), second);
                foreach (string file in (string[])["first", "second"]) Tool.Run("clang", "-O2", "-c", Path.Combine(sub, file + ".c"), "-o", Path.Combine(sub, file + ".o"));
                Tool.Run("ar", "rcsD", Path.Combine(sub, "lib.a"), Path.Combine(sub, "first.o"), Path.Combine(sub, "second.o"));
            }
        });
        return (Path.Combine(folder, "old", "lib.a"), Path.Combine(folder, "new", "lib.a"));
    }

    /// <summary>The same Rust program twice; all that differs is the hash that the compiler mixes into every name.</summary>
    public static (string Old, string New) Rust(string mangling) => Pair("diff-rust-" + mangling, "rs", null, null, (source, to) =>
    {
        // The crate's name comes from the file's.
        Tool.Run("rustup", "run", "nightly", "rustc", "-Zunstable-options", "-O", "-C", "symbol-mangling-version=" + mangling,
            "-C", "metadata=" + Path.GetFileName(Path.GetDirectoryName(to)), NativeSamples.Source("sample.rs"), "-o", to);
    });

    /// <summary>
    /// A C# library where a method with lambdas came in first, so that the compiler numbers all others anew; one method
    /// has another name, and one went to another type.
    /// </summary>
    public static (string Old, string New) CSharp { get; } = Pair("diff-cs", "cs", """
        using System;
        using System.Collections.Generic;
        using System.Linq;
        namespace My.App;
        public static class Query
        {
            public static IEnumerable<int> Run(int[] items, int limit) => items.Where(i => i > limit).Select(i => i * 2 + limit);
            public static Func<int, string> Text() => n => n.ToString("x8") + Environment.NewLine;
            public static int Renamed(int[] items) { int sum = 0; foreach (int i in items) sum += i % 7; return sum; }
            public static string Goes(string s) => s + s.Trim() + s.Length;
        }
        public static class Other
        {
            public static string Joined(string[] a, string[] b, char c) => string.Join(c, a.Concat(b).Distinct());
        }
        """, """
        using System;
        using System.Collections.Generic;
        using System.Linq;
        namespace My.App;
        public static class Query
        {
            public static bool First(int[] items, int limit, string name) => items.Any(i => i + 17 < limit && name.Length > 3) && items.All(i => i != 4711);
            public static IEnumerable<int> Run(int[] items, int limit) => items.Where(i => i > limit).Select(i => i * 2 + limit);
            public static Func<int, string> Text() => n => n.ToString("x8") + Environment.NewLine;
            public static int Checksum(int[] items) { int sum = 0; foreach (int i in items) sum += i % 7; return sum; }
            public static string Joined(string[] a, string[] b, char c) => string.Join(c, a.Concat(b).Distinct());
        }
        public static class Other
        {
            public static double Comes(double x, double y) => Math.Sqrt(x * x + y * y) * Math.Sin(x) + Math.Cos(y);
        }
        """, CompileCSharp);

    /// <summary>Hello world, and hello world with more in Main; both compiled ahead of time. Second, the compiler's statistics.</summary>
    public static ((string Binary, string Mstat) Old, (string Binary, string Mstat) New) NativeAot()
    {
        NativeAot.AotSample old = Tests.NativeAot.AotSample.Get("hello", "net9.0");
        const string Program = """
            Console.WriteLine("Hello, World!");
            int sum = 0;
            foreach (string arg in args)
            {
                foreach (char c in arg) sum = sum * 31 + c;
                Console.WriteLine($"{arg} has {arg.Length} characters and the checksum {sum:x8}");
                if (arg.StartsWith('-')) Console.WriteLine("An option: " + arg.TrimStart('-').ToUpperInvariant());
            }
            """;
        string source = Path.Combine(Samples.Root, "tests", "apps", "hello", "hello.csproj");
        string folder = Samples.Make("hello-grown", [source, .. Directory.GetFiles(Path.Combine(Samples.Root, "tests", "apps"))], [Program], folder =>
        {
            foreach (string file in Directory.GetFiles(Path.Combine(Samples.Root, "tests", "apps")).Append(source)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            File.WriteAllText(Path.Combine(folder, "Program.cs"), Program);
            Tool.Run("dotnet", "publish", Path.Combine(folder, "hello.csproj"), "-c", "Release", "-r", "linux-x64", "-o", Path.Combine(folder, "publish"), "--nologo", "-p:PublishAot=true", "-p:IlcGenerateMstatFile=true");
        });
        return ((old.Binary, old.Mstat), (Path.Combine(folder, "publish", "hello"), Path.Combine(folder, "obj", "Release", "net9.0", "linux-x64", "native", "hello.mstat")));
    }

    /// <summary>A file or folder, measured.</summary>
    public static MeasuredArtifact Measure(string path, string? mstat = null, bool split = false)
    {
        var options = new MeasureOptions { InputsOf = _ => new BinaryInputs { Mstat = mstat }, SplitSymbolNames = split, LookInside = true };
        if (!Directory.Exists(path)) return Measurer.Measure(Path.GetFileName(path), ArtifactKind.File, [FolderWalker.Find(path, Path.GetFileName(path))!], [], options);
        var warnings = new List<MapWarning>();
        List<FoundFile> files = FolderWalker.Walk(path, warnings);
        return Measurer.Measure(Path.GetFileName(path), ArtifactKind.Folder, files, warnings, options);
    }

    /// <summary>Two files or folders, compared; the promises that hold of every diff are checked.</summary>
    public static ArtifactDiff Diff(string old, string @new, params Level[] levels) => Diff((old, null), (@new, null), levels);

    /// <summary>The same, with the statistics of the NativeAOT compiler.</summary>
    public static ArtifactDiff Diff((string Path, string? Mstat) old, (string Path, string? Mstat) @new, params Level[] levels)
    {
        bool split = levels.Any(l => l is Level.Namespace or Level.Type or Level.Member or Level.Package);
        using MeasuredArtifact before = Measure(old.Path, old.Mstat, split), after = Measure(@new.Path, @new.Mstat, split);
        ArtifactDiff diff = ArtifactDiff.Compute(before, after, levels.Length > 0 ? levels : ArtifactDiff.DefaultLevels(before, after));
        Assert.Equal(SizeOnDisk(old.Path), diff.OldSize);
        Assert.Equal(SizeOnDisk(@new.Path), diff.NewSize);
        Check(diff);
        return diff;
    }

    /// <summary>Deltas, old and new sizes add up to the byte, and every status means what it says.</summary>
    public static void Check(ArtifactDiff diff)
    {
        Assert.Equal(diff.NewSize - diff.OldSize, diff.Rows.Sum(r => r.Delta) + diff.Padding);
        Assert.Equal(diff.OldSize, diff.Rows.Sum(r => r.OldSize) + diff.OldPadding);
        Assert.Equal(diff.NewSize, diff.Rows.Sum(r => r.NewSize) + diff.NewPadding);
        Assert.Equal(diff.Total, diff.Padding + diff.NetOfPadding);
        Assert.Equal(diff.Rows.Count, Enum.GetValues<DiffStatus>().Sum(diff.CountOf));
        foreach (DiffRow row in diff.Rows)
        {
            bool asItWas = row.Status switch
            {
                DiffStatus.Grown => row.Delta > 0,
                DiffStatus.Shrunk => row.Delta < 0,
                DiffStatus.Added => row.OldSize == 0 && row.OldName is null && row.OldPath is null,
                DiffStatus.Removed => row.NewSize == 0 && row.OldName is null && row.OldPath is null,
                DiffStatus.Renamed or DiffStatus.Moved => row.OldName is not null || row.OldPath is not null,
                _ => row.Delta == 0,
            };
            Assert.True(asItWas, row.ToString());
        }
        for (int i = 1; i < diff.Rows.Count; i++) Assert.True(Math.Abs(diff.Rows[i - 1].Delta) >= Math.Abs(diff.Rows[i].Delta));
    }

    /// <summary>The one row of this name.</summary>
    public static DiffRow Row(ArtifactDiff diff, string name, params string[] path)
    {
        DiffRow[] rows = [.. diff.Rows.Where(r => r.Name == name && (path.Length == 0 || r.Path.TakeLast(path.Length).SequenceEqual(path)))];
        Assert.True(rows.Length == 1, $"{rows.Length} rows are called '{name}'");
        return rows[0];
    }

    private static long SizeOnDisk(string path) =>
        Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length) : ((FileInfo?)File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)).Length;

    // Sources "old/lib.EXT" and "new/lib.EXT", compiled to "old/lib" and "new/lib".
    private static (string Old, string New) Pair(string name, string extension, string? old, string? @new, Action<string, string> compile)
    {
        string folder = Samples.Make(name, extension == "rs" ? [NativeSamples.Source("sample.rs")] : [], [old ?? "", @new ?? ""], folder =>
        {
            foreach ((string side, string? text) in ((string, string?)[])[("old", old), ("new", @new)])
            {
                string source = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, side)).FullName, "lib." + extension);
                if (text is not null) File.WriteAllText(source, text);
                compile(source, Path.Combine(folder, side, extension == "cs" ? "lib.dll" : "lib"));
            }
        });
        string file = extension == "cs" ? "lib.dll" : "lib";
        return (Path.Combine(folder, "old", file), Path.Combine(folder, "new", file));
    }

    private static void CompileCSharp(string source, string to)
    {
        string sdk = Tool.Run("dotnet", "--list-sdks").Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        string sdks = sdk[(sdk.IndexOf('[', StringComparison.Ordinal) + 1)..^1], compiler = Path.Combine(sdks, sdk[..sdk.IndexOf(' ', StringComparison.Ordinal)], "Roslyn", "bincore", "csc.dll");
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        Tool.Run("dotnet", [compiler, "-nologo", "-noconfig", "-nostdlib", "-target:library", "-optimize+", "-deterministic+", "-debug-", "-out:" + to, source,
            .. ((string[])["System.Private.CoreLib", "System.Runtime", "System.Linq", "System.Collections"]).Select(n => "-reference:" + Path.Combine(runtime, n + ".dll"))]);
    }
}
