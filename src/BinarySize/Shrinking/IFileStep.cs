namespace BinarySize.Shrinking;

/// <summary>
/// One way to make one file of an artifact smaller: strip, pack. A step reads its input and writes its output; it never
/// touches the input. Who calls it measures, verifies, and puts the output in the input's place or throws it away.
/// </summary>
public interface IFileStep
{
    /// <summary>Its name in the ledger and in settings: "strip", "pack".</summary>
    string Name { get; }

    /// <summary>
    /// Everything that decides the output besides the input's bytes: options, tool and version. Part of the key under which
    /// an output is kept, so that it is made again only when one of them changes.
    /// </summary>
    string Settings { get; }

    /// <summary>Whether the file is of a kind that this step is for at all; of the others nothing is said.</summary>
    /// <param name="path">The file.</param>
    bool Considers(string path);

    /// <summary>Makes the smaller file.</summary>
    /// <param name="input">The file; only read.</param>
    /// <param name="output">Where the result goes. Written only with <see cref="StepOutcome.Applied"/>, with the input's mode bits.</param>
    /// <param name="cancel">Ends the tool that runs, and leaves no file behind.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="IOException">The input can't be read or the output can't be written (a full disk).</exception>
    StepResult Apply(string input, string output, CancellationToken cancel);
}
