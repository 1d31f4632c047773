# The page of Distill in a container, on a machine without a GPU. README.md has its two commands.
FROM python:3.12-slim

WORKDIR /distill
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src

# Builds of torch for the CPU alone: those of PyPI bring gigabytes for GPUs.
RUN pip install --no-cache-dir --constraint constraints.txt \
        --index-url https://download.pytorch.org/whl/cpu torch \
    && pip install --no-cache-dir --constraint constraints.txt .

# Nobody needs to be root. A volume takes the owner of the folder that it lies over.
RUN useradd --create-home --uid 1000 musician \
    && install --directory --owner musician /home/musician/Distill /home/musician/sounds
USER 1000
WORKDIR /home/musician
ENV DISTILL_WORKSPACE=/home/musician/Distill
VOLUME /home/musician/Distill
EXPOSE 7860

# It prints a link with a code: without one, nobody gets in.
ENTRYPOINT ["distill"]
CMD ["ui", "sounds", "--host", "0.0.0.0", "--port", "7860", "--allow-host", "localhost", "--no-browser"]
