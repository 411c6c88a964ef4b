using BinarySize.Baselines;
using BinarySize.Reports;

namespace BinarySize.Tests.Baselines;

/// <summary>What became of what, on files that compilers made; sizes are those of nm.</summary>
public class DiffTests
{
    private static Dictionary<string, long> Sizes(string path) => Tool.Run("nm", "-S", path).Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(w => w.Length == 4).GroupBy(w => w[3]).ToDictionary(g => g.Key, g => g.Sum(w => Convert.ToInt64(w[1], 16)));

    [Fact]
    public void A_function_that_grew_was_renamed_moved_added_or_removed()
    {
        (string old, string @new) = DiffSamples.C;
        Dictionary<string, long> before = Sizes(old), after = Sizes(@new);
        ArtifactDiff diff = DiffSamples.Diff(old, @new, Level.Section, Level.Symbol);

        DiffRow grown = DiffSamples.Row(diff, "grows", ".text");
        Assert.Equal((DiffStatus.Grown, before["grows"], after["grows"]), (grown.Status, grown.OldSize, grown.NewSize));
        DiffRow renamed = DiffSamples.Row(diff, "tally", ".text");
        Assert.Equal((DiffStatus.Renamed, "alpha_compute", before["alpha_compute"], after["tally"]), (renamed.Status, renamed.OldName, renamed.OldSize, renamed.NewSize));
        DiffRow moved = DiffSamples.Row(diff, "moves", "other_text");
        Assert.Equal((DiffStatus.Moved, ".text", before["moves"]), (moved.Status, moved.OldPath!.Single(), moved.OldSize));
        DiffRow added = DiffSamples.Row(diff, "comes", ".text");
        Assert.Equal((DiffStatus.Added, 0, after["comes"]), (added.Status, added.OldSize, added.NewSize));
        DiffRow removed = DiffSamples.Row(diff, "goes", ".text");
        Assert.Equal((DiffStatus.Removed, before["goes"], 0), (removed.Status, removed.OldSize, removed.NewSize));
        Assert.DoesNotContain(diff.Rows, r => r.Name is "alpha_compute");
    }

    [Fact]
    public void By_symbol_alone_a_function_is_one_row_with_all_that_it_costs()
    {
        (string old, string @new) = DiffSamples.C;
        ArtifactDiff diff = DiffSamples.Diff(old, @new);
        Assert.Equal([Level.File, Level.Symbol], diff.Levels);
        DiffRow renamed = DiffSamples.Row(diff, "tally");
        // The name is shorter, and nothing else.
        Assert.Equal((DiffStatus.Renamed, "alpha_compute", (long)"tally".Length - "alpha_compute".Length), (renamed.Status, renamed.OldName, renamed.Delta));
        Assert.Equal(DiffStatus.Grown, DiffSamples.Row(diff, "grows").Status);
        Assert.Equal(DiffStatus.Unchanged, DiffSamples.Row(diff, "_start").Status);
        Assert.True(DiffSamples.Row(diff, "comes").Delta > Sizes(@new)["comes"]);
    }

    [Fact]
    public void A_function_that_went_to_another_file_of_a_library_moved()
    {
        (string old, string @new) = DiffSamples.Archive();
        ArtifactDiff diff = DiffSamples.Diff(old, @new, Level.File, Level.Section, Level.Symbol);
        DiffRow moved = DiffSamples.Row(diff, "moves", "second.o", ".text");
        Assert.Equal((DiffStatus.Moved, 0), (moved.Status, moved.Delta));
        Assert.Equal(["first.o", ".text"], moved.OldPath!.TakeLast(2));
        Assert.Equal(DiffStatus.Unchanged, DiffSamples.Row(diff, "keeps", "first.o", ".text").Status);
        Assert.Equal(DiffStatus.Unchanged, DiffSamples.Row(diff, "stays", "second.o", ".text").Status);
    }

    [Theory, InlineData("legacy"), InlineData("v0")]
    public void A_Rust_program_with_other_hashes_is_the_same_program(string mangling)
    {
        (string old, string @new) = DiffSamples.Rust(mangling);
        HashSet<string> before = [.. Sizes(old).Keys], after = [.. Sizes(@new).Keys];
        int others = after.Count(n => !before.Contains(n));
        Assert.True(others > 10, $"{others} names differ");
        foreach (Level[] levels in (Level[][])[[Level.Symbol], [Level.Section, Level.Symbol]])
        {
            ArtifactDiff diff = DiffSamples.Diff(old, @new, levels);
            Assert.Equal(0, diff.CountOf(DiffStatus.Added) + diff.CountOf(DiffStatus.Removed) + diff.CountOf(DiffStatus.Renamed) + diff.CountOf(DiffStatus.Moved));
            foreach (string name in after.Where(n => !before.Contains(n)))
            {
                // By section a symbol has a row for its code, its frame, its entry in the table and its name.
                Assert.All(diff.Rows.Where(r => r.Name == name), r => Assert.Equal(DiffStatus.Rehashed, r.Status));
            }
            Assert.InRange(diff.CountOf(DiffStatus.Rehashed), others, 10 * others);
        }
    }

    [Fact]
    public void Lambdas_that_were_numbered_anew_are_the_same_lambdas()
    {
        (string old, string @new) = DiffSamples.CSharp;
        ArtifactDiff diff = DiffSamples.Diff(old, @new);
        Assert.Equal([Level.File, Level.Package, Level.Assembly, Level.Namespace, Level.Type, Level.Member], diff.Levels);

        // The closure of Run was DisplayClass0_0, which is what First's is called now.
        DiffRow closure = DiffSamples.Row(diff, "<Run>b__1", "Query+<>c__DisplayClass1_0");
        Assert.Equal((DiffStatus.Rehashed, "Query+<>c__DisplayClass0_0"), (closure.Status, closure.OldPath![^1]));
        DiffRow cached = DiffSamples.Row(diff, "<>9__2_0");
        Assert.Equal((DiffStatus.Rehashed, "<>9__1_0"), (cached.Status, cached.OldName));
        // Where the size of a call changed too, that it grew is what counts.
        DiffRow lambda = DiffSamples.Row(diff, "<Text>b__2_0");
        Assert.Equal("<Text>b__1_0", lambda.OldName);
        Assert.True(lambda.Status is DiffStatus.Rehashed or DiffStatus.Grown or DiffStatus.Shrunk);

        foreach (string name in (string[])["First", "<First>b__0", "<First>b__0_1", "Comes"]) Assert.Equal(DiffStatus.Added, DiffSamples.Row(diff, name).Status);
        Assert.Equal(DiffStatus.Removed, DiffSamples.Row(diff, "Goes").Status);
        DiffRow renamed = DiffSamples.Row(diff, "Checksum");
        Assert.Equal((DiffStatus.Renamed, "Renamed", 1), (renamed.Status, renamed.OldName, renamed.Delta));
        DiffRow moved = DiffSamples.Row(diff, "Joined");
        Assert.Equal((DiffStatus.Moved, "Other", 0), (moved.Status, moved.OldPath![^1], moved.Delta));
        Assert.DoesNotContain(diff.Rows, r => r.Name is "Renamed" || (r.Name == "Joined" && r.Status != DiffStatus.Moved));
    }

    [Fact]
    public void A_library_under_another_name_is_the_same_library()
    {
        string folder = Directory.CreateTempSubdirectory("bsz").FullName;
        try
        {
            (string old, _) = DiffSamples.CSharp;
            // Same length, and everywhere where it stands: so nothing else changes.
            byte[] bytes = File.ReadAllBytes(old);
            for (int at; (at = bytes.AsSpan().IndexOf("lib\0"u8)) >= 0;) "bil"u8.CopyTo(bytes.AsSpan(at));
            for (int at; (at = bytes.AsSpan().IndexOf("lib.dll\0"u8)) >= 0;) "bil"u8.CopyTo(bytes.AsSpan(at));
            string renamed = Path.Combine(folder, "bil.dll");
            File.WriteAllBytes(renamed, bytes);
            ArtifactDiff diff = DiffSamples.Diff(old, renamed);
            Assert.Equal(0, diff.Total);
            Assert.Equal(0, diff.CountOf(DiffStatus.Added) + diff.CountOf(DiffStatus.Removed) + diff.CountOf(DiffStatus.Moved));
            Assert.Contains(diff.Rows, r => r.Name == "Goes" && r.Path.Contains("bil"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Main_of_a_program_compiled_ahead_of_time_grew()
    {
        ((string Binary, string Mstat) old, (string Binary, string Mstat) @new) = DiffSamples.NativeAot();
        ArtifactDiff diff = DiffSamples.Diff((old.Binary, old.Mstat), (@new.Binary, @new.Mstat));
        Assert.Equal(Level.Member, diff.Levels[^1]);
        DiffRow main = DiffSamples.Row(diff, "<Main>$");
        Assert.Equal(DiffStatus.Grown, main.Status);
        // What nm says of the method's code; the rest is its frame, metadata and relocations.
        long code = Sizes(@new.Binary + ".dbg")["hello_Program___Main__"] - Sizes(old.Binary + ".dbg")["hello_Program___Main__"];
        Assert.True(code > 100, $"the code grew by {code}");
        Assert.InRange(main.Delta, code, code + 500);
        // A build of the same libraries: nearly everything is as it was, and what is new is what Main now uses.
        Assert.True(diff.CountOf(DiffStatus.Unchanged) > diff.Rows.Count * 9 / 10, $"{diff.CountOf(DiffStatus.Unchanged)} of {diff.Rows.Count} rows are unchanged");
        Assert.Contains(diff.Rows, r => r.Status == DiffStatus.Added && r.Name == "TrimHelper");

        ArtifactDiff back = DiffSamples.Diff((@new.Binary, @new.Mstat), (old.Binary, old.Mstat));
        Assert.Equal(-diff.NetOfPadding, back.NetOfPadding);
        Assert.Equal((diff.CountOf(DiffStatus.Added), diff.CountOf(DiffStatus.Grown)), (back.CountOf(DiffStatus.Removed), back.CountOf(DiffStatus.Shrunk)));
    }

    [Fact]
    public void Files_of_a_folder_that_were_renamed_moved_or_fingerprinted()
    {
        string root = Directory.CreateTempSubdirectory("bsz").FullName;
        try
        {
            var random = new Random(1);
            void Write(string path, int size)
            {
                byte[] bytes = new byte[size];
                random.NextBytes(bytes);
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, path))!);
                File.WriteAllBytes(Path.Combine(root, path), bytes);
            }
            foreach ((string path, int size) in ((string, int)[])[
                ("old/app.4f9a2c1e.js", 5003), ("new/app.99ab01cd.js", 5003), ("old/native/libfoo.bin", 7001), ("new/runtimes/libfoo.bin", 7001),
                ("old/kept.txt", 100), ("new/kept.txt", 130), ("old/gone.txt", 77), ("new/come.dat", 1999), ("old/readme-old.md", 4321), ("new/guide-new.md", 4321)]) Write(path, size);
            ArtifactDiff diff = DiffSamples.Diff(Path.Combine(root, "old"), Path.Combine(root, "new"), Level.File);
            Assert.Equal((DiffStatus.Rehashed, "app.4f9a2c1e.js"), (DiffSamples.Row(diff, "app.99ab01cd.js").Status, DiffSamples.Row(diff, "app.99ab01cd.js").OldName));
            Assert.Equal(DiffStatus.Moved, DiffSamples.Row(diff, "runtimes/libfoo.bin").Status);
            Assert.Equal(DiffStatus.Grown, DiffSamples.Row(diff, "kept.txt").Status);
            Assert.Equal(DiffStatus.Removed, DiffSamples.Row(diff, "gone.txt").Status);
            Assert.Equal(DiffStatus.Added, DiffSamples.Row(diff, "come.dat").Status);
            Assert.Equal((DiffStatus.Renamed, "readme-old.md"), (DiffSamples.Row(diff, "guide-new.md").Status, DiffSamples.Row(diff, "guide-new.md").OldName));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void At_every_level_and_of_every_kind_deltas_add_up()
    {
        (string Old, string New)[] pairs =
        [
            DiffSamples.C, DiffSamples.Archive(), DiffSamples.CSharp, DiffSamples.Rust("v0"),
            ("/bin/ls", "/bin/bash"), ("/bin/ls", "/bin/ls"), (DiffSamples.CSharp.Old, DiffSamples.C.New),
            (typeof(DiffTests).Assembly.Location, typeof(ArtifactDiff).Assembly.Location),
            (Path.GetDirectoryName(DiffSamples.C.Old)!, Path.GetDirectoryName(DiffSamples.CSharp.New)!),
        ];
        Level[][] groupings = [[], [Level.File], [Level.Section], [Level.Kind], [Level.Symbol], [Level.Section, Level.Symbol], [Level.Package, Level.Assembly, Level.Namespace, Level.Type, Level.Member], [Level.Type]];
        foreach ((string old, string @new) in pairs)
        {
            foreach (Level[] levels in groupings)
            {
                ArtifactDiff diff = DiffSamples.Diff(old, @new, levels);
                if (old == @new) Assert.Equal(diff.Rows.Count, diff.CountOf(DiffStatus.Unchanged));
            }
        }
    }

    [Fact]
    public void Time_grows_with_the_symbols_and_not_with_their_pairs()
    {
        // 107,000 symbols against the same with every name new, and against nothing alike.
        ArtifactDiff same = DiffSamples.Diff(Elf.ElfSamples.Node, Elf.ElfSamples.Node, Level.Symbol);
        Assert.Equal(same.Rows.Count, same.CountOf(DiffStatus.Unchanged));
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        ArtifactDiff none = DiffSamples.Diff("/lib/x86_64-linux-gnu/libstdc++.so.6", Elf.ElfSamples.Node, Level.Symbol);
        TimeSpan took = System.Diagnostics.Stopwatch.GetElapsedTime(start);
        Assert.True(none.CountOf(DiffStatus.Added) > 50_000);
        Assert.True(took < TimeSpan.FromSeconds(30), $"it took {took}");
    }
}
