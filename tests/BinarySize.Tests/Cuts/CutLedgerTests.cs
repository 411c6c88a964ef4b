using BinarySize.Rendering;
using BinarySize.Shrinking;
using BinarySize.Shrinking.Cuts;
using BinarySize.Variants;

namespace BinarySize.Tests.Cuts;

public sealed class CutLedgerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("bsz-cutledger-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private ShrinkOutcome Shrink(bool removes, params LedgerRow[] cuts)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_root, "publish")).FullName;
        File.WriteAllText(Path.Combine(folder, "app"), "0123456789");
        File.WriteAllText(Path.Combine(folder, "app.pdb"), "01234");
        return ShrinkSession.Run(new ShrinkRequest { Folder = folder, StateDirectory = Path.Combine(_root, "state"), MainFile = "app", RemoveGroups = removes ? ["symbols"] : [], Cuts = cuts }, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(false, 15)]
    [InlineData(true, 10)]
    public void Cuts_stand_first_in_the_ledger_and_what_was_measured_adds_up(bool removes, long after)
    {
        LedgerRow measured = new("cut", "A/One", LedgerOutcome.Applied, 40, 30) { Verified = LedgerCheck.Command }, other = new("cut", "A/Two", LedgerOutcome.Applied, 30, 15),
            undone = new("cut", "own.xml", LedgerOutcome.Undone, 0, 0) { Code = "BSZ5408", Reason = "exit code 1" };
        Ledger ledger = Shrink(removes, measured, other, undone).Ledger;
        Assert.Equal((40, after), (ledger.Before, ledger.After));
        Assert.Equal([measured, other, undone], ledger.Rows.Take(3));
        Assert.Equal(ledger.Before - ledger.After, ledger.Rows.Where(r => r.Outcome == LedgerOutcome.Applied).Sum(r => r.Before - r.After));
        // Again, and then with another verdict about the same files.
        Assert.Equal(ledger.Rows, Shrink(removes, measured, other, undone).Ledger.Rows);
        Ledger next = Shrink(removes, measured).Ledger;
        Assert.Equal((25, "A/One", 1), (next.Before, next.Rows[0].Target, next.Rows.Count(r => r.Step == "cut")));
    }

    [Fact]
    public void Bytes_that_nobody_measured_are_a_dash()
    {
        LedgerRow row = new("cut", "A/One", LedgerOutcome.Applied, 0, 0);
        Assert.Equal(("–", "–", ""), (ReportText.BytesBefore(row), ReportText.BytesAfter(row), ReportText.Saved(row)));
        row = row with { Before = 2000, After = 1000 };
        Assert.Equal(("2.0 KiB", "50.0%"), (ReportText.BytesBefore(row), ReportText.Saved(row)));
    }

    [Fact]
    public void Tune_tries_the_cuts_that_profiles_may_take_for_the_framework()
    {
        string folder = Path.Combine(Samples.Root, "src", "BinarySize.Build", "Cuts");
        IReadOnlyList<TuneCandidate> cuts = TuneCatalogue.Cuts(folder, "net9.0");
        TuneCandidate xml = cuts.Single(c => c.Name == "Newtonsoft.Json/XmlAndData");
        Assert.Equal((TuneLoss.SizeCritical, "Newtonsoft.Json", new SettingItem("BinarySizeCut", xml.Name)), (xml.Loss, xml.Assembly, Assert.Single(xml.Items)));
        Assert.True(xml.On(new Variant("v", []), "v").NeedsPackage);
        // What no profile takes is tried where it is named, and not because a profile is.
        Assert.Equal(TuneLoss.Named, cuts.Single(c => c.Name == "System.Private.CoreLib/GenericEquality").Loss);
        Assert.Equal(TuneLoss.Embedded, cuts.Single(c => c.Name == "Serilog/Destructuring").Loss);
        Assert.Contains(cuts, c => c.Name == "System.Net.Http/Http3");
        Assert.DoesNotContain(TuneCatalogue.Cuts(folder, "net10.0-windows"), c => c.Name == "System.Net.Http/Http3");
        Assert.Empty(TuneCatalogue.Cuts(Path.Combine(folder, "nowhere"), "net9.0"));
        // Of one slot a combination takes one: each cut is one of its own.
        Assert.Equal(cuts.Count, cuts.Select(c => c.Slot).Distinct().Count());
        Assert.Contains("System.Text.RegularExpressions/NonBacktracking", CutPlan.Fitting(new CutCatalogue(folder), CutCompiler.Trimmer, [.. Directory.EnumerateFiles(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "System*.dll")]));
    }
}
