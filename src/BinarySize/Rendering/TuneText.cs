using System.Globalization;
using BinarySize.Budgets;
using BinarySize.Variants;

namespace BinarySize.Rendering;

/// <summary>A search for the smallest combination, in plain text of at most 79 columns and as Markdown.</summary>
public static class TuneText
{
    /// <summary>Columns that a line has at most.</summary>
    public const int Width = 79;

    private const int NameWidth = 40;

    /// <summary>What was tried, as a table; below it what was refused, and why.</summary>
    public static string Render(TuneResult result, string project)
    {
        ArgumentNullException.ThrowIfNull(result);
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine(Escape.Ascii(project, Width));
        text.WriteLine(Fit(Summary(result)));
        text.WriteLine();
        text.WriteLine($"{"Setting",-NameWidth}{"alone",10}{"together",11}  outcome");
        foreach (TuneTrial trial in Ordered(result))
        {
            text.WriteLine($"{Escape.Ascii(trial.Candidate.Name, NameWidth - 1).PadRight(NameWidth)}{Saved(trial.Alone),10}{Saved(trial.Together),11}  {Word(trial)}");
        }
        text.WriteLine();
        text.WriteLine(Fit("Bytes saved, padding aside. Together: what leaving it out of the"));
        text.WriteLine(Fit("combination costs, or adding it would save."));
        TuneTrial[] reasons = [.. Ordered(result).Where(t => t.Outcome is TuneOutcome.Refused or TuneOutcome.NotAllowed && t.Reason is not null)];
        if (reasons.Length > 0) text.WriteLine();
        foreach (TuneTrial trial in reasons)
        {
            text.WriteLine(Fit(trial.Candidate.Name));
            VariantsText.Wrap(text, trial.Reason);
        }
        if (result.Stopped is not null) text.WriteLine();
        if (result.Stopped is { } stopped) VariantsText.Wrap(text, $"Not finished: {stopped}.");
        return text.ToString();
    }

    /// <summary>The same as Markdown.</summary>
    public static string RenderMarkdown(TuneResult result, string project)
    {
        ArgumentNullException.ThrowIfNull(result);
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine($"## Settings that pay on {Escape.MarkdownCode(project, inTable: false)}");
        text.WriteLine();
        text.WriteLine(Escape.Visible(Summary(result)));
        text.WriteLine();
        text.WriteLine("| Setting | Saves alone | Saves together | Outcome | Gives up | Reason |");
        text.WriteLine("| :-- | --: | --: | :-- | :-- | :-- |");
        foreach (TuneTrial trial in Ordered(result))
        {
            text.WriteLine($"| {Escape.MarkdownCode(trial.Candidate.Name)} | {Saved(trial.Alone)} | {Saved(trial.Together)} | {Word(trial)} | {Escape.MarkdownCode(trial.Candidate.GivesUp)} | {(trial.Reason is { } reason ? Escape.MarkdownCode(reason) : "")} |");
        }
        text.WriteLine();
        text.WriteLine("Bytes, padding aside. Together: what leaving it out of the combination costs, or adding it would save.");
        if (result.Stopped is { } stopped) text.WriteLine($"\nNot finished: {Escape.MarkdownCode(stopped, inTable: false)}");
        return text.ToString();
    }

    internal static string Summary(TuneResult result) => result.Start.ShippedSize is { } whole && result.Best.ShippedSize is { } best
        ? string.Create(CultureInfo.InvariantCulture, $"{ByteSize.Exact(whole)} -> {ByteSize.Exact(best)} ({100 * (result.Ratio - 1):+0.0;-0.0;0.0}%){(result.Best.Verified is true ? ", verified" : "")}; {result.Tried} builds tried")
        : "nothing was measured";

    private static IEnumerable<TuneTrial> Ordered(TuneResult result) => result.Trials.OrderBy(t => t.Outcome).ThenByDescending(t => t.Together ?? t.Alone ?? long.MinValue);

    private static string Fit(string text) => Escape.Ascii(text, Width);

    private static string Saved(long? bytes) => bytes is { } saved ? saved.ToString("N0", CultureInfo.InvariantCulture) : "-";

    private static string Word(TuneTrial trial) => trial.Outcome switch
    {
        TuneOutcome.Kept => "kept",
        TuneOutcome.NoGain => "no gain",
        TuneOutcome.Refused => "refused",
        TuneOutcome.NotAllowed => "not allowed",
        _ => "not tried",
    };
}
