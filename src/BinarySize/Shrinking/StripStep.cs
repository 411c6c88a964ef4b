using System.Globalization;
using BinarySize.Formats;
using BinarySize.Formats.Elf;
using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>
/// Takes symbol tables and debug sections out of a native file, and keeps them in a file of their own that debuggers find
/// by build-id. What is loaded into memory stays byte for byte, and is compared to make sure.
/// </summary>
public sealed class StripStep : IFileStep
{
    // Part of the key of what is kept: higher with every change to what comes out.
    private const int Revision = 1;

    private readonly StripOptions _options;
    private readonly Lazy<string> _settings;

    public StripStep(StripOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _settings = new(() => string.Create(CultureInfo.InvariantCulture, $"strip {Revision}; keep symbols {options.SymbolsDirectory is not null}; {ObjcopyTool.Fingerprint(options)}"));
    }

    /// <inheritdoc/>
    public string Name => "strip";

    /// <inheritdoc/>
    public string Settings => _settings.Value;

    /// <inheritdoc/>
    public bool Considers(string path)
    {
        if (path.EndsWith(".dbg", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".debug", StringComparison.OrdinalIgnoreCase)) return false;
        FileFormat format = NativeFile.FormatOf(path);
        if (format is FileFormat.MachO or FileFormat.MachOFat) return true;
        if (format is not (FileFormat.Elf or FileFormat.Pe)) return false;
        try
        {
            using FileView view = FileView.Open(path);
            if (format == FileFormat.Pe) return !Formats.Pe.PeFile.Parse(view.Bytes).IsManaged;
            ElfFile elf = ElfFile.Parse(view.Bytes);
            return elf.Type is ElfConstants.TypeExecutable or ElfConstants.TypeShared && !NativeFile.IsSymbolFile(elf);
        }
        catch (Exception e) when (e is BadFormatException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Programs of this machine that may do the work.</summary>
    public IReadOnlyList<string> Tools => ObjcopyTool.All(_options);

    /// <summary>
    /// Where the symbols of a file are kept, below the folder for them: <c>.build-id/xx/yyyy.debug</c>, or
    /// <c>&lt;file&gt;.dbg</c> for one without a build-id. Null where the file can't be read.
    /// </summary>
    public static string? SymbolFile(string input)
    {
        try
        {
            using FileView view = FileView.Open(input);
            return SymbolFile(input, ElfFile.Parse(view.Bytes));
        }
        catch (Exception e) when (e is BadFormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(string input, string output, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        cancel.ThrowIfCancellationRequested();
        long before = new FileInfo(input).Length;
        StepResult Refused(string code, string reason, StepOutcome outcome = StepOutcome.Refused) => new(outcome, before, before, code, reason);

        if (SpecialFile.Problem(input) is { } special) return Refused(StepCodes.StripSpecialFile, $"It is left alone: {special}.");
        using StepFolder folder = StepFolder.Beside(output);
        string original = folder.Copy(input, "original");
        using FileView view = FileView.Open(original);
        before = view.Length;
        if (FileFormats.Detect(view.Bytes) != FileFormat.Elf) return Refused(StepCodes.StripFormat, "It is no ELF file; Windows and macOS files keep their symbols outside, or are signed over them.");
        ElfFile elf;
        try
        {
            elf = ElfFile.Parse(view.Bytes);
            if (!HasSymbols(elf)) return Refused(StepCodes.StripNothing, "It has no symbols any more.");
            if (elf.Problems.Count > 0) return Refused(StepCodes.StripFormat, $"Its headers are damaged: {elf.Problems[0]}.");
        }
        catch (BadFormatException e)
        {
            return Refused(StepCodes.StripFormat, $"Its headers are damaged: {e.Message}.");
        }
        if (NativeFile.HasAppendedSignature(view.Bytes)) return Refused(StepCodes.StripSigned, "It is signed; stripping would break the signature.");
        if (NativeFile.HasAppendedData(view.Bytes, FileFormat.Elf)) return Refused(StepCodes.StripAppended, "Something is appended to it (a bundle, an archive), which tools that strip would cut off.");
        if (ObjcopyTool.Find(elf, _options, cancel) is not { } tool) return Refused(StepCodes.StripNoTool, $"No objcopy on this machine serves {NativeFile.MachineName(elf)} files. Install {ObjcopyTool.InstallHint(elf)}.", StepOutcome.ToolMissing);

        string symbols = SymbolFile(input, elf), symbolName = Path.GetFileName(symbols);
        StepResult? Run(params string[] arguments)
        {
            ToolRun run = ExternalTool.Run(tool.Path, arguments, new ToolOptions { Timeout = _options.Timeout, Environment = ObjcopyTool.Environment, WorkingDirectory = folder["."] }, cancel);
            if (run.Succeeded) return null;
            return Refused(run.End == ToolEnd.TimedOut ? StepCodes.StripTimedOut : StepCodes.StripFailed, $"{tool.Name}: {run.Describe()}. The original stays as it is.", StepOutcome.Failed) with { Tool = tool.Name };
        }
        bool keep = _options.SymbolsDirectory is not null;
        // The link has the name of the file that it is made from.
        if (keep && Run("--only-keep-debug", original, folder[symbolName]) is { } notKept) return notKept;
        string[] link = keep ? ["--add-gnu-debuglink=" + folder[symbolName]] : [];
        if (Run([tool.StripAll, "--remove-section=.gnu_debuglink", .. link, original, folder["stripped"]]) is { } notStripped) return notStripped;
        if (Difference(view.Bytes, elf, folder["stripped"]) is { } difference) return Refused(StepCodes.StripFailed, $"{tool.Name} changed more than symbols: {difference}. The original stays as it is.", StepOutcome.Failed) with { Tool = tool.Name };
        if (PostLinkGuard.Compare(original, folder["stripped"]) is { } lost) return Refused(StepCodes.PostLink, $"After {tool.Name} {lost}. The original stays as it is.", StepOutcome.Failed) with { Tool = tool.Name };
        long after = new FileInfo(folder["stripped"]).Length;
        if (after >= before) return Refused(StepCodes.StripNoGain, $"Stripped it would take {after} bytes instead of {before}.", StepOutcome.NoGain) with { Tool = tool.Name };
        if (keep) KeepSymbols(folder, symbolName, Path.Combine(_options.SymbolsDirectory!, symbols), input);
        folder.Deliver("stripped", output, input);
        return new StepResult(StepOutcome.Applied, before, after, Tool: tool.Name);
    }

    private static string SymbolFile(string input, ElfFile elf)
    {
        string id = Convert.ToHexStringLower(elf.BuildId.Span);
        return id.Length > 2 ? Path.Combine(".build-id", id[..2], id[2..] + ".debug") : Path.GetFileName(input) + ".dbg";
    }

    private static bool HasSymbols(ElfFile elf)
    {
        foreach (ref readonly ElfSection section in elf.Sections)
        {
            if (section.FileSize == 0 || section.IsAllocated) continue;
            ReadOnlySpan<byte> name = elf.Name(section);
            if (section.Type == ElfConstants.SectionSymbols || name.StartsWith(".debug_"u8) || name.StartsWith(".zdebug_"u8) || name.StartsWith(".stab"u8)) return true;
        }
        return false;
    }

    private static void KeepSymbols(StepFolder folder, string name, string target, string input)
    {
        // The folder for symbols may lie on another disk: there first, then in place in one piece.
        using StepFolder beside = StepFolder.Beside(target);
        beside.Copy(folder[name], "symbols");
        beside.Deliver("symbols", target, input);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    /// <summary>The first thing that is loaded and not what it was; null where all is. Headers may differ: they say where things lie.</summary>
    private static string? Difference(ByteView before, ElfFile original, string path)
    {
        using FileView view = FileView.Open(path);
        ElfFile stripped;
        try
        {
            stripped = ElfFile.Parse(view.Bytes);
        }
        catch (BadFormatException e)
        {
            return e.Message;
        }
        if (stripped.Problems.Count > 0) return stripped.Problems[0];
        if ((stripped.Machine, stripped.Type, stripped.EntryPoint) != (original.Machine, original.Type, original.EntryPoint)) return "the file header";
        // LLVM 14 writes over the names in Go's programs, which then no longer find their build information.
        foreach (ref readonly ElfSection section in original.Sections)
        {
            if (!section.IsAllocated) continue;
            int index = stripped.FindSection(original.Name(section));
            if (index < 0 || stripped.Sections[index].Address != section.Address) return $"the section '{System.Text.Encoding.UTF8.GetString(original.Name(section))}'";
        }
        List<ElfSegment> first = Loaded(original), second = Loaded(stripped);
        if (first.Count != second.Count) return "the number of segments";
        for (int i = 0; i < first.Count; i++)
        {
            ElfSegment a = first[i], b = second[i];
            // What comes after the last byte in the file is zero in memory, so zeros there may come or go.
            long common = Math.Min(a.FileSize, b.FileSize);
            if ((a.Address, a.MemorySize, a.Flags) != (b.Address, b.MemorySize, b.Flags)
                || !before.Contains(a.Offset, a.FileSize) || !view.Bytes.Contains(b.Offset, b.FileSize)
                || !before.IsFilledWith(a.Offset + common, a.FileSize - common, 0) || !view.Bytes.IsFilledWith(b.Offset + common, b.FileSize - common, 0)) return $"the segment at address 0x{a.Address:x}";
            // Headers lie in a segment too, and say where things are: these may move, and so may what lies in a segment by
            // place alone (Go's linker puts the names of sections there).
            var headers = new List<(long Start, long End)>();
            foreach ((ElfFile file, long start) in ((ElfFile, long)[])[(original, a.Offset), (stripped, b.Offset)])
            {
                headers.Add((-start, file.HeaderSize - start));
                headers.Add((file.SegmentTableOffset - start, file.SegmentTableOffset + file.SegmentTableSize - start));
                headers.Add((file.SectionTableOffset - start, file.SectionTableOffset + file.SectionTableSize - start));
                foreach (ref readonly ElfSection section in file.Sections)
                {
                    if (!section.IsAllocated && section.FileSize > 0) headers.Add((section.Offset - start, section.Offset + section.FileSize - start));
                }
            }
            headers.Sort();
            headers.Add((common, common));
            long at = 0;
            foreach ((long start, long end) in headers)
            {
                for (long stop = Math.Min(start, common); at < stop;)
                {
                    int count = (int)Math.Min(1 << 20, stop - at);
                    if (!before.Span(a.Offset + at, count).SequenceEqual(view.Bytes.Span(b.Offset + at, count))) return $"the bytes of the segment at address 0x{a.Address:x}";
                    at += count;
                }
                at = Math.Max(at, end);
            }
        }
        return null;
    }

    private static List<ElfSegment> Loaded(ElfFile elf)
    {
        var loaded = new List<ElfSegment>();
        foreach (ref readonly ElfSegment segment in elf.Segments)
        {
            if (segment.Type == ElfConstants.SegmentLoad) loaded.Add(segment);
        }
        return loaded;
    }
}
